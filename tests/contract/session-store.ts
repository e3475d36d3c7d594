import { describe, expect, test } from "bun:test";
import { noClaimedFields } from "../../src/core/identity/identity-fields.ts";
import type { Identity } from "../../src/core/identity.ts";
import type { Session } from "../../src/core/session.ts";
import type { SessionStore } from "../../src/ports/session-store.ts";

/** A clock that changes only when the test sets it. */
export interface Clock {
  now: number;
}

/** The fields that a test may set; the defaults are user alice, provider app, created at 1000, one hour, no idle limit. */
export interface SessionWish {
  readonly id?: string;
  readonly providerSlug?: string;
  readonly issuer?: string;
  readonly subject?: string;
  readonly idpSession?: string | null;
  readonly idleSeconds?: number;
  readonly expiresAt?: number;
  readonly rawToken?: string;
}

/** An id of 43 characters that begins with `start`. */
export function idOf(start: string): string {
  return start.padEnd(43, "A");
}

export function sessionOf(wish: SessionWish = {}): Session {
  const identity: Identity = {
    ...noClaimedFields,
    issuer: wish.issuer ?? "https://idp.test/",
    subject: wish.subject ?? "alice-sub",
    uid: "alice-uid",
    username: "alice",
    email: "alice@corp.test",
    emailVerified: true,
    name: "Alice Ä",
    groups: ["admins", "staff"],
    entitlements: ["read"],
    areGroupsLeftOut: false,
    claims: { department: ["it"] },
    idpSession: wish.idpSession === undefined ? "sid-1" : wish.idpSession,
    rawToken: wish.rawToken ?? "head.body.signature",
    proxy: { backendOverride: null, hostHeader: "inner.test", userAttributes: { n: 1, deep: { a: ["b"] } } },
  };
  return {
    id: wish.id ?? idOf("one"),
    providerSlug: wish.providerSlug ?? "app",
    identity,
    createdAt: 1000,
    lastSeenAt: 1000,
    expiresAt: wish.expiresAt ?? 4600,
    idleSeconds: wish.idleSeconds ?? 0,
    refresh: null,
    version: 1,
  };
}

/** The tests that every session store must pass. `open` returns an empty store. */
export function sessionStoreContract(
  name: string,
  open: (deps: { readonly now: () => number; readonly mostOfPerson?: number }) => Promise<SessionStore>,
): void {
  async function opened(more: { readonly mostOfPerson?: number } = {}): Promise<{ store: SessionStore; clock: Clock }> {
    const clock = { now: 1000 };
    return { store: await open({ now: () => clock.now, ...more }), clock };
  }

  describe(`${name}: session store`, () => {
    keepsAndEnds(opened);
    updates(opened);
    leases(opened);
    lists(opened);
    signsOut(opened);
    deleteWins(opened);
  });
}

type Opened = (more?: { readonly mostOfPerson?: number }) => Promise<{ store: SessionStore; clock: Clock }>;

function keepsAndEnds(opened: Opened): void {
  test("a session is read as it was created, and unknown ids give none", async () => {
    const { store } = await opened();
    const session = sessionOf();

    await store.create(session);

    expect(await store.get(session.id)).toEqual(session);
    expect(await store.get(idOf("two"))).toBeNull();
    await store.close();
  });

  test("SES-11: an id that is a path, a property name of Object or empty is not a session, and not an error", async () => {
    const { store } = await opened();
    await store.create(sessionOf());

    for (const id of ["../../etc/passwd", "..%2f..%2fetc", "__proto__", "constructor", "", "\0", "x".repeat(100_000)]) {
      expect(await store.get(id)).toBeNull();
    }

    await store.close();
  });

  test("creating a session with an existing id fails and leaves the first unchanged", async () => {
    const { store } = await opened();
    await store.create(sessionOf());

    const second = store.create(sessionOf({ subject: "mallory" }));

    await expect(second).rejects.toMatchObject({ code: "store_unavailable" });
    expect((await store.get(idOf("one")))?.identity.subject).toBe("alice-sub");
    await store.close();
  });

  test("SES-08: a session ends at its absolute limit, however often it is touched", async () => {
    const { store, clock } = await opened();
    await store.create(sessionOf({ expiresAt: 4600, idleSeconds: 3000 }));
    clock.now = 3500;
    await store.touch(idOf("one"), 3500);

    clock.now = 4599;
    expect((await store.get(idOf("one")))?.lastSeenAt).toBe(3500);
    clock.now = 4600;
    expect(await store.get(idOf("one"))).toBeNull();
    await store.close();
  });

  test("SES-08: a session ends when it is idle too long, and a touch delays that", async () => {
    const { store, clock } = await opened();
    await store.create(sessionOf({ id: idOf("touched"), idleSeconds: 100 }));
    await store.create(sessionOf({ id: idOf("left"), idleSeconds: 100 }));
    clock.now = 1090;
    await store.touch(idOf("touched"), 1090);

    clock.now = 1100;
    expect(await store.get(idOf("left"))).toBeNull();
    expect((await store.get(idOf("touched")))?.lastSeenAt).toBe(1090);
    clock.now = 1190;
    expect(await store.get(idOf("touched"))).toBeNull();
    await store.close();
  });

  test("a touch after the end, or backwards, changes nothing", async () => {
    const { store, clock } = await opened();
    await store.create(sessionOf({ idleSeconds: 100 }));
    await store.touch(idOf("one"), 1050);
    await store.touch(idOf("one"), 1020);
    expect((await store.get(idOf("one")))?.lastSeenAt).toBe(1050);
    clock.now = 1150;

    await store.touch(idOf("one"), 1150);

    expect(await store.get(idOf("one"))).toBeNull();
    await store.close();
  });

  test("count is the number of sessions within their limits, and deleteExpired removes the others", async () => {
    const { store, clock } = await opened();
    await store.create(sessionOf({ id: idOf("hour") }));
    await store.create(sessionOf({ id: idOf("idle"), idleSeconds: 50 }));
    await store.create(sessionOf({ id: idOf("short"), expiresAt: 1060 }));
    expect(await store.count()).toBe(3);

    clock.now = 1060;

    expect(await store.count()).toBe(1);
    expect(await store.deleteExpired()).toBe(2);
    expect(await store.deleteExpired()).toBe(0);
    expect(await store.get(idOf("hour"))).not.toBeNull();
    await store.close();
  });

  test("decision 58: a probe of a store that takes sessions succeeds, and changes no session, count or list", async () => {
    const { store } = await opened();
    await store.create(sessionOf());
    const before = await store.list({ username: null });

    for (let n = 0; n < 5; n++) await store.probe();
    await Promise.all([store.probe(), store.probe(), store.probe()]);

    expect(await store.get(idOf("one"))).toEqual(sessionOf());
    expect(await store.list({ username: null })).toEqual(before);
    expect(await store.count()).toBe(1);
    expect(await store.deleteExpired()).toBe(0);
    await store.close();
  });

  test("after close every call is a Failure store_unavailable", async () => {
    const { store } = await opened();
    await store.close();

    await expect(store.get(idOf("one"))).rejects.toMatchObject({ code: "store_unavailable" });
    await expect(store.create(sessionOf())).rejects.toMatchObject({ code: "store_unavailable" });
    await expect(store.touch(idOf("one"), 1001)).rejects.toMatchObject({ code: "store_unavailable" });
    await expect(store.delete(idOf("one"))).rejects.toMatchObject({ code: "store_unavailable" });
    await expect(store.deleteBySubject("i", "s")).rejects.toMatchObject({ code: "store_unavailable" });
    await expect(store.deleteByIdpSession("i", "s")).rejects.toMatchObject({ code: "store_unavailable" });
    await expect(store.deleteExpired()).rejects.toMatchObject({ code: "store_unavailable" });
    await expect(store.count()).rejects.toMatchObject({ code: "store_unavailable" });
    await expect(store.probe()).rejects.toMatchObject({ code: "store_unavailable" });
    await expect(store.update(sessionOf())).rejects.toMatchObject({ code: "store_unavailable" });
    await expect(store.lease(idOf("one"), 10)).rejects.toMatchObject({ code: "store_unavailable" });
    await expect(store.list({ username: null })).rejects.toMatchObject({ code: "store_unavailable" });
    await expect(store.deleteByHandle("0123456789")).rejects.toMatchObject({ code: "store_unavailable" });
  });
}

function updates(opened: Opened): void {
  test("an update replaces identity and refresh, and leaves the limits and the time it was last seen", async () => {
    const { store } = await opened();
    await store.create(sessionOf({ idleSeconds: 500 }));
    await store.touch(idOf("one"), 1100);

    const updated = await store.update({ ...refreshed(2), idleSeconds: 500 });

    expect(updated).toBe(true);
    expect(await store.get(idOf("one"))).toEqual({ ...refreshed(2), idleSeconds: 500, lastSeenAt: 1100 });
    await store.close();
  });

  test("an update of a version that is outdated, or does not exist yet, changes nothing", async () => {
    const { store } = await opened();
    await store.create(sessionOf());
    await store.update(refreshed(2));

    expect(await store.update({ ...refreshed(2), refresh: null })).toBe(false);
    expect(await store.update({ ...refreshed(4), refresh: null })).toBe(false);

    expect(await store.get(idOf("one"))).toEqual(refreshed(2));
    expect(await store.update(refreshed(3))).toBe(true);
    await store.close();
  });

  test("of 20 updates of one version at once exactly one wins", async () => {
    const { store } = await opened();
    await store.create(sessionOf());

    const won = await Promise.all(
      Array.from({ length: 20 }, (_, n) => store.update({ ...refreshed(2), refresh: { token: `t${n}`, dueAt: 1 } })),
    );

    expect(won.filter(Boolean).length).toBe(1);
    expect((await store.get(idOf("one")))?.refresh?.token).toBe(`t${won.indexOf(true)}`);
    await store.close();
  });

  test("SES-09: an update of a session that is deleted or past its limits restores nothing", async () => {
    const { store, clock } = await opened();
    await store.create(sessionOf({ id: idOf("short"), expiresAt: 1050 }));
    await store.create(sessionOf());
    await store.delete(idOf("one"));
    clock.now = 1050;

    expect(await store.update(refreshed(2))).toBe(false);
    expect(await store.update({ ...refreshed(2), id: idOf("short") })).toBe(false);

    expect(await store.get(idOf("one"))).toBeNull();
    expect(await store.count()).toBe(0);
    await store.close();
  });

  test("after an update a session is found by its new sid and no longer by its old one", async () => {
    const { store } = await opened();
    const session = sessionOf({ idpSession: "sid-old" });
    await store.create(session);
    await store.update({ ...session, identity: { ...session.identity, idpSession: "sid-new" }, version: 2 });

    expect(await store.deleteByIdpSession("https://idp.test/", "sid-old")).toBe(0);
    expect(await store.get(session.id)).not.toBeNull();
    expect(await store.deleteByIdpSession("https://idp.test/", "sid-new")).toBe(1);
    expect(await store.get(session.id)).toBeNull();
    await store.close();
  });

  test("after an update a session still ends with its subject", async () => {
    const { store } = await opened();
    await store.create(sessionOf());
    await store.update(refreshed(2));

    expect(await store.deleteBySubject("https://idp.test/", "alice-sub")).toBe(1);

    expect(await store.get(idOf("one"))).toBeNull();
    await store.close();
  });
}

/** Alice's session after a refresh. */
function refreshed(version: number): Session {
  const session = sessionOf();
  const identity = { ...session.identity, groups: ["staff"], rawToken: "new.token.signature" };
  return { ...session, identity, refresh: { token: "canary-refresh-token", dueAt: 1300 }, version };
}

function leases(opened: Opened): void {
  test("one caller gets the lease until it expires", async () => {
    const { store, clock } = await opened();
    await store.create(sessionOf());

    const taken = await Promise.all(Array.from({ length: 20 }, () => store.lease(idOf("one"), 30)));
    clock.now = 1029;
    const before = await store.lease(idOf("one"), 30);
    clock.now = 1030;
    const after = await store.lease(idOf("one"), 30);

    expect(taken.filter(Boolean).length).toBe(1);
    expect([before, after]).toEqual([false, true]);
    await store.close();
  });

  test("an update releases the lease, a touch does not", async () => {
    const { store } = await opened();
    await store.create(sessionOf({ idleSeconds: 500 }));
    await store.lease(idOf("one"), 30);
    await store.touch(idOf("one"), 1001);

    expect(await store.lease(idOf("one"), 30)).toBe(false);
    await store.update(refreshed(2));
    expect(await store.lease(idOf("one"), 30)).toBe(true);
    await store.close();
  });

  test("a session that is absent, deleted or expired gives no lease, and each session has its own", async () => {
    const { store, clock } = await opened();
    await store.create(sessionOf({ id: idOf("gone") }));
    await store.create(sessionOf({ id: idOf("short"), expiresAt: 1050 }));
    await store.create(sessionOf({ id: idOf("other") }));
    await store.delete(idOf("gone"));
    clock.now = 1050;

    expect(await store.lease(idOf("absent"), 30)).toBe(false);
    expect(await store.lease(idOf("gone"), 30)).toBe(false);
    expect(await store.lease(idOf("short"), 30)).toBe(false);
    expect(await store.lease(idOf("other"), 30)).toBe(true);
    expect(await store.count()).toBe(1);
    await store.close();
  });
}

function lists(opened: Opened): void {
  test("a list contains the sessions within their limits, newest first, of all users or of one", async () => {
    const { store, clock } = await opened();
    const bob = sessionOf({ id: idOf("bob"), providerSlug: "wiki", idleSeconds: 100 });
    await store.create(sessionOf({ id: idOf("alice") }));
    await store.create({ ...bob, createdAt: 1001, identity: { ...bob.identity, username: "bob" } });
    await store.create(sessionOf({ id: idOf("short"), expiresAt: 1020 }));
    clock.now = 1020;
    await store.touch(idOf("bob"), 1020);

    const all = await store.list({ username: null });
    const ofBob = await store.list({ username: "bob" });

    expect(all.map(({ username }) => username)).toEqual(["bob", "alice"]);
    expect(ofBob).toEqual([
      {
        handle: expect.stringMatching(/^[\w-]{10}$/),
        username: "bob",
        providerSlug: "wiki",
        createdAt: 1001,
        lastSeenAt: 1020,
        endsAt: 1120,
      },
    ]);
    expect(await store.list({ username: "carol" })).toEqual([]);
    await store.close();
  });

  test("a list longer than a page contains every session once", async () => {
    const { store } = await opened();
    for (let n = 0; n < 1001; n++) await store.create(sessionOf({ id: idOf(`n-${n}-`), subject: `s${n}` }));

    const handles = (await store.list({ username: null })).map(({ handle }) => handle);

    expect(handles.length).toBe(1001);
    expect(new Set(handles).size).toBe(1001);
    await store.close();
  });

  test("a handle ends its session and no other; other texts end none", async () => {
    const { store } = await opened();
    await store.create(sessionOf({ id: idOf("one") }));
    await store.create(sessionOf({ id: idOf("two"), subject: "bob-sub" }));
    await store.get(idOf("one"));
    const [first, second] = await store.list({ username: null });

    for (const none of [
      "",
      "a",
      "%",
      "____%_____",
      "~~~~~~~~~~",
      `${first?.handle}x`,
      first?.handle.slice(0, 9) ?? "",
    ]) {
      expect(await store.deleteByHandle(none)).toBe(0);
    }
    expect(await store.deleteByHandle(first?.handle ?? "")).toBe(1);

    expect(await store.list({ username: null })).toEqual(second === undefined ? [] : [second]);
    const left = [await store.get(idOf("one")), await store.get(idOf("two"))];
    expect(left.filter((session) => session === null).length).toBe(1);
    expect(await store.deleteByHandle(first?.handle ?? "")).toBe(0);
    await store.close();
  });
}

function signsOut(opened: Opened): void {
  test("DOS-01: above the maximum number of sessions of a user the one seen longest ago ends, and no other user's", async () => {
    const { store, clock } = await opened({ mostOfPerson: 3 });
    await store.create(sessionOf({ id: idOf("bob"), subject: "bob-sub", idleSeconds: 3000 }));
    for (const id of ["a", "b", "c"]) {
      await store.create({ ...sessionOf({ id: idOf(id), idleSeconds: 3000 }), lastSeenAt: clock.now });
      clock.now += 10;
    }
    await store.touch(idOf("a"), clock.now);
    await store.get(idOf("b"));

    await store.create({ ...sessionOf({ id: idOf("d"), idleSeconds: 3000 }), lastSeenAt: clock.now + 1 });

    expect(await store.get(idOf("b"))).toBeNull();
    for (const id of ["a", "c", "d", "bob"]) expect(await store.get(idOf(id))).not.toBeNull();
    expect(await store.deleteBySubject("https://idp.test/", "alice-sub")).toBe(3);
    expect(await store.count()).toBe(1);
    await store.close();
  });

  test("SES-06: a delete ends that session only; a second delete does nothing", async () => {
    const { store } = await opened();
    await store.create(sessionOf({ id: idOf("one") }));
    await store.create(sessionOf({ id: idOf("two") }));

    await store.delete(idOf("one"));
    await store.delete(idOf("one"));

    expect(await store.get(idOf("one"))).toBeNull();
    expect(await store.get(idOf("two"))).not.toBeNull();
    await store.close();
  });

  test("SES-07: a sign-out ends all sessions of the same issuer and subject at every provider, and no other user's", async () => {
    const { store } = await opened();
    await store.create(sessionOf({ id: idOf("app"), idpSession: "sid-1" }));
    await store.create(sessionOf({ id: idOf("wiki"), providerSlug: "wiki", idpSession: null }));
    await store.create(sessionOf({ id: idOf("bob"), subject: "bob-sub" }));
    await store.create(sessionOf({ id: idOf("other-issuer"), issuer: "https://idp.other/" }));
    await store.create(sessionOf({ id: idOf("shifted"), issuer: "https://idp.test/alice", subject: "-sub" }));

    const ended = await store.deleteBySubject("https://idp.test/", "alice-sub");

    expect(ended).toBe(2);
    expect(await store.get(idOf("app"))).toBeNull();
    expect(await store.get(idOf("wiki"))).toBeNull();
    expect(await store.get(idOf("bob"))).not.toBeNull();
    expect(await store.get(idOf("other-issuer"))).not.toBeNull();
    expect(await store.get(idOf("shifted"))).not.toBeNull();
    expect(await store.deleteBySubject("https://idp.test/", "alice-sub")).toBe(0);
    await store.close();
  });

  test("the sessions of one session at the issuer end together; sessions without a sid are not affected", async () => {
    const { store } = await opened();
    await store.create(sessionOf({ id: idOf("app"), idpSession: "sid-1" }));
    await store.create(sessionOf({ id: idOf("wiki"), providerSlug: "wiki", idpSession: "sid-1" }));
    await store.create(sessionOf({ id: idOf("laptop"), idpSession: "sid-2" }));
    await store.create(sessionOf({ id: idOf("none"), idpSession: null }));
    await store.create(sessionOf({ id: idOf("other-issuer"), issuer: "https://idp.other/", idpSession: "sid-1" }));

    expect(await store.deleteByIdpSession("https://idp.test/", "sid-1")).toBe(2);
    expect(await store.deleteByIdpSession("https://idp.test/", "")).toBe(0);

    expect(await store.get(idOf("app"))).toBeNull();
    expect(await store.get(idOf("wiki"))).toBeNull();
    expect(await store.get(idOf("laptop"))).not.toBeNull();
    expect(await store.get(idOf("none"))).not.toBeNull();
    expect(await store.get(idOf("other-issuer"))).not.toBeNull();
    await store.close();
  });

  test("after a sign-out by subject no session is found by sid", async () => {
    const { store } = await opened();
    await store.create(sessionOf({ id: idOf("app"), idpSession: "sid-1" }));
    await store.deleteBySubject("https://idp.test/", "alice-sub");

    expect(await store.deleteByIdpSession("https://idp.test/", "sid-1")).toBe(0);

    await store.close();
  });
}

function deleteWins(opened: Opened): void {
  test("SES-09: in 600 interleavings of touches, updates and sign-outs no signed-out session comes back", async () => {
    const { store, clock } = await opened();
    const alive: string[] = [];

    for (let round = 0; round < 600; round++) {
      const id = idOf(`round-${round}-`);
      await store.create(sessionOf({ id, idleSeconds: 1000 }));
      clock.now = 1001;
      const touch = () => store.touch(id, 1001);
      const update = () => store.update({ ...refreshed(2), id });
      const signOut = [
        () => store.delete(id),
        () => store.deleteBySubject("https://idp.test/", "alice-sub"),
        () => store.deleteByIdpSession("https://idp.test/", "sid-1"),
      ][round % 3];
      const calls: (() => Promise<unknown>)[] = [touch, update, async () => await store.get(id), update, touch];
      calls.splice(round % 6, 0, async () => await signOut?.());
      await Promise.all(calls.map((call) => call()));
      await touch();
      await update();
      if ((await store.get(id)) !== null) alive.push(id);
      clock.now = 1000;
    }

    expect(alive).toEqual([]);
    expect(await store.count()).toBe(0);
    await store.close();
  });
}
