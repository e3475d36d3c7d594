import { expect, test } from "bun:test";
import { liveStreams } from "../../src/http/live-streams.ts";

/** Three streams and what each was closed with. */
function opened() {
  const streams = liveStreams();
  const closed: string[] = [];
  const add = (name: string, person: string | null, sessionId: string | null) =>
    streams.add({ person, sessionId, close: (code, reason) => closed.push(`${name} ${code} ${reason}`) });
  const removeAlice = add("alice", "alice", "s1");
  add("bob", "bob", "s2");
  add("nobody", null, null);
  return { streams, closed, removeAlice };
}

test("a sign-out closes that person's streams and no others", () => {
  const { streams, closed } = opened();

  streams.closeOf("alice", 1008, "signed out");

  expect(closed).toEqual(["alice 1008 signed out"]);
});

test("a stop closes all", () => {
  const { streams, closed } = opened();

  streams.closeAll(1001, "stopping");

  expect(closed).toEqual(["alice 1001 stopping", "bob 1001 stopping", "nobody 1001 stopping"]);
});

test("the streams of a session that is over are closed, others and those without a session stay", async () => {
  const { streams, closed } = opened();
  const asked: string[] = [];

  await streams.closeEnded(async (sessionId) => {
    asked.push(sessionId);
    return sessionId === "s2";
  });

  expect(closed).toEqual(["bob 1008 session ended"]);
  expect(asked).toEqual(["s1", "s2"]);
});

test("a stream that was closed meanwhile is not closed again", async () => {
  const { streams, closed, removeAlice } = opened();

  await streams.closeEnded(async () => {
    removeAlice();
    return true;
  });

  expect(closed).toEqual(["bob 1008 session ended"]);
  expect(streams.count()).toBe(2);
});
