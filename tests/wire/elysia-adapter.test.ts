import { describe, expect, test } from "bun:test";
import { Elysia, status } from "elysia";
import { Failure } from "../../src/core/failure.ts";
import type { HttpListener } from "../../src/wire/client/listener.ts";
import { type App, onRawSockets, rawAdapter } from "../../src/wire/elysia-adapter.ts";
import { Pool } from "../../src/wire/upstream/pool.ts";
import { ample, roomFor } from "./client/connection-rooms.ts";

/** An app whose one route runs `route`, asked once. */
function asked(route: (context: unknown) => unknown, path = "/x"): unknown {
  const app = new Elysia({ adapter: rawAdapter, strictPath: true }).all("/x", route.bind(null));
  // as: the adapter takes a request object of its own
  return (app.fetch as unknown as (request: unknown) => unknown)({ method: "ALL", path });
}

describe("what a route returns comes back untouched", () => {
  test.each([
    ["an object", { kind: "answer" }],
    ["a text", "text"],
    ["null", null],
    ["undefined", undefined],
    ["a number", 404],
    ["a Response", new Response("x")],
    ["an Error", new Error("returned")],
  ] as const)("%s", (_name, result) => {
    // as: toBe of a union takes the common part of its members
    expect(asked(() => result)).toBe(result as never);
  });

  test("a promise is the same promise", () => {
    const later = Promise.resolve(1);

    expect(asked(() => later)).toBe(later);
  });
});

test("the context of a route is the request itself", () => {
  let context: unknown = null;
  asked((given) => {
    context = given;
  });

  expect(context).toMatchObject({ method: "ALL", path: "/x" });
});

describe("what a route throws is thrown, never a Response", () => {
  const withResponse = Object.assign(new Error("with a response"), { toResponse: () => new Response("let in") });

  test.each([
    ["an Error", new Error("broken")],
    ["a Failure", new Failure("internal", "broken")],
    ["an Error with a status", Object.assign(new Error("as Elysia's own"), { status: 200 })],
    ["an Error that makes a Response", withResponse],
    ["a text", "text"],
    ["a status of Elysia's", status(200, "let in")],
    ["a Response", new Response("let in")],
  ] as const)("%s", async (_name, error) => {
    const thrown = await outcomeOf(() =>
      asked(() => {
        throw error;
      }),
    );
    const rejected = await outcomeOf(() => asked(() => Promise.reject(error)));

    expect(thrown).toEqual({ thrown: error });
    expect(rejected).toEqual({ thrown: error });
  });

  test("a path without a route", async () => {
    const { thrown } = await outcomeOf(() => asked(() => "x", "/y"));

    expect(thrown).toMatchObject({ message: "NOT_FOUND" });
  });
});

describe("app.listen opens listeners, app.stop closes all of them", () => {
  const greeting = () => ({ kind: "answer", answer: { status: 200, headers: [], body: "from the route" } });
  const newApp = (): App => new Elysia({ adapter: rawAdapter, strictPath: true }).all("/x", greeting.bind(null));

  test("on two addresses", async () => {
    const app = newApp();
    const listeners = [await listen(app, 0), await listen(app, 0)];
    const urls = listeners.map(({ port }) => `http://127.0.0.1:${port}/x`);

    const texts = await Promise.all(urls.map(async (url) => (await fetch(url)).text()));
    await app.stop(true);
    const afterwards = await Promise.allSettled(urls.map((url) => fetch(url)));

    expect(texts).toEqual(["from the route", "from the route"]);
    expect(afterwards.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  });

  test("an address that is taken rejects", async () => {
    const app = newApp();
    const { port } = await listen(app, 0);

    const second = await outcomeOf(() => listen(newApp(), port ?? 0));
    await app.stop(true);

    expect(second.thrown).toBeInstanceOf(Error);
  });
});

/** Listens on 127.0.0.1; each request goes to the route of its target. */
function listen(app: App, port: number): Promise<HttpListener> {
  return new Promise((opened, failed) =>
    app.listen(
      onRawSockets({
        listener: {
          address: { kind: "tcp", hostname: "127.0.0.1", port },
          refusal: ({ status, reason }) => ({ status, headers: [], body: reason }),
          pool: new Pool(),
          ...roomFor(ample),
          limits: { headBytes: 32_768, bodyBytes: 0, idleSeconds: 60 },
        },
        tls: null,
        // as: the app of this test takes such an object and returns a Reply
        handlerOf: (fetch) => (request) => fetch({ method: "ALL", path: request.target } as never) as never,
        opened,
        failed,
      }),
    ),
  );
}

async function outcomeOf(ask: () => unknown): Promise<{ readonly result?: unknown; readonly thrown?: unknown }> {
  try {
    return { result: await ask() };
  } catch (thrown) {
    return { thrown };
  }
}
