import { expect, test } from "bun:test";
import { changeFeed } from "../../src/sessions/change-feed.ts";

function feedAt(start: number) {
  const clock = { now: start };
  const feed = changeFeed(() => clock.now);
  const kind = () => feed.take().kind;
  return { clock, feed, kind };
}

test("before the first beat nothing kept is trusted, however often it is asked", () => {
  const { kind } = feedAt(0);

  expect([kind(), kind(), kind()]).toEqual(["all", "all", "all"]);
});

test("after a beat everything is forgotten once more, then what is told", () => {
  const { feed, kind } = feedAt(1000);
  kind();

  feed.beat(990);

  expect([kind(), kind()]).toEqual(["all", "none"]);
  feed.changed(["a", "b"]);
  feed.changed(["b"]);
  expect(feed.take()).toEqual({ kind: "keys", keys: ["a", "b"] });
  expect(kind()).toBe("none");
  feed.changedAll();
  expect([kind(), kind()]).toEqual(["all", "none"]);
});

test("a beat counts from when it was sent, and is good for 700 ms", () => {
  const { clock, feed, kind } = feedAt(1000);
  feed.beat(500);
  kind();

  clock.now = 1199;
  expect(kind()).toBe("none");
  clock.now = 1200;
  expect(kind()).toBe("all");
});

test("what was kept while no beat came is forgotten when they come again", () => {
  const { clock, feed, kind } = feedAt(1000);
  feed.beat(1000);
  kind();
  clock.now = 2000;
  expect(kind()).toBe("all");

  feed.beat(1990);

  expect([kind(), kind()]).toEqual(["all", "none"]);
});

test("after a silence that nobody noticed everything is forgotten", () => {
  const { clock, feed, kind } = feedAt(1000);
  feed.beat(1000);
  kind();

  clock.now = 5000;
  feed.beat(4990);

  expect([kind(), kind()]).toEqual(["all", "none"]);
});

test("a lost channel is not trusted until a beat has come through the new one", () => {
  const { feed, kind } = feedAt(1000);
  feed.beat(1000);
  kind();

  feed.lost();

  expect([kind(), kind()]).toEqual(["all", "all"]);
  feed.beat(1000);
  expect([kind(), kind()]).toEqual(["all", "none"]);
});

test("what nobody asks for does not pile up", () => {
  const { feed } = feedAt(1000);
  feed.beat(1000);
  feed.take();

  for (let n = 0; n < 20_000; n++) feed.changed([`key-${n}`]);

  expect(feed.take()).toEqual({ kind: "all" });
  expect(feed.take()).toEqual({ kind: "none" });
});
