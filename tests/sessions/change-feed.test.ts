import { expect, test } from "bun:test";
import { changeFeed } from "../../src/sessions/change-feed.ts";

function feedAt(start: number) {
  const clock = { now: start };
  const feed = changeFeed(() => clock.now);
  const kind = () => feed.take().kind;
  return { clock, feed, kind };
}

test("before the first beat the cache is never used", () => {
  const { kind } = feedAt(0);

  expect([kind(), kind(), kind()]).toEqual(["all", "all", "all"]);
});

test("after the first beat the cache is emptied once more, then only changed rows leave it", () => {
  const { feed, kind } = feedAt(1000);
  kind();

  feed.beat(990);

  expect([kind(), kind()]).toEqual(["all", "none"]);
  feed.changed(["a", "b"]);
  feed.changed(["b"]);
  expect(feed.take()).toEqual({ kind: "some", names: ["a", "b"] });
  expect(kind()).toBe("none");
  feed.changedAll();
  expect([kind(), kind()]).toEqual(["all", "none"]);
});

test("a beat is valid for 700 ms from when it was sent", () => {
  const { clock, feed, kind } = feedAt(1000);
  feed.beat(500);
  kind();

  clock.now = 1199;
  expect(kind()).toBe("none");
  clock.now = 1200;
  expect(kind()).toBe("all");
});

test("entries cached without a beat are dropped when beats arrive again", () => {
  const { clock, feed, kind } = feedAt(1000);
  feed.beat(1000);
  kind();
  clock.now = 2000;
  expect(kind()).toBe("all");

  feed.beat(1990);

  expect([kind(), kind()]).toEqual(["all", "none"]);
});

test("after an unnoticed silence the cache is emptied", () => {
  const { clock, feed, kind } = feedAt(1000);
  feed.beat(1000);
  kind();

  clock.now = 5000;
  feed.beat(4990);

  expect([kind(), kind()]).toEqual(["all", "none"]);
});

test("after a lost channel the cache is not used until a beat arrives on the new one", () => {
  const { feed, kind } = feedAt(1000);
  feed.beat(1000);
  kind();

  feed.lost();

  expect([kind(), kind()]).toEqual(["all", "all"]);
  feed.beat(1000);
  expect([kind(), kind()]).toEqual(["all", "none"]);
});

test("unread changes do not accumulate", () => {
  const { feed } = feedAt(1000);
  feed.beat(1000);
  feed.take();

  for (let n = 0; n < 20_000; n++) feed.changed([`key-${n}`]);

  expect(feed.take()).toEqual({ kind: "all" });
  expect(feed.take()).toEqual({ kind: "none" });
});
