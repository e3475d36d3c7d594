import { expect, test } from "bun:test";
import { isLive, type Session, wantsTouch } from "../../src/core/session.ts";
import { alice } from "../fakes/samples.ts";

const session: Session = {
  id: "x",
  providerSlug: "app",
  identity: alice(),
  createdAt: 1000,
  lastSeenAt: 1000,
  expiresAt: 2000,
  idleSeconds: 0,
  refresh: null,
  version: 1,
};

test.each([
  [0, 1000, 1999, true],
  [0, 1000, 2000, false],
  [0, 1000, 99_999, false],
  [100, 1000, 1099, true],
  [100, 1000, 1100, false],
  [100, 1950, 1999, true],
  [100, 1950, 2000, false],
])("SES-08: idle %d s, seen at %d: at %d it is live: %p", (idleSeconds, lastSeenAt, now, lives) => {
  expect(isLive({ ...session, idleSeconds, lastSeenAt }, now)).toBe(lives);
});

test.each([
  [0, 1500, false],
  [100, 1009, false],
  [100, 1010, true],
  [3600, 1059, false],
  [3600, 1060, true],
  [5, 1001, true],
  [5, 1000, false],
])("with an idle limit of %d s, a visit at %d is written to the store: %p", (idleSeconds, now, written) => {
  expect(wantsTouch({ ...session, idleSeconds }, now)).toBe(written);
});
