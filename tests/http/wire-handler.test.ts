import { expect, test } from "bun:test";
import type { Deps } from "../../src/http/deps.ts";
import { wireHandler, wireRefusal } from "../../src/http/wire-handler.ts";
import type { WireRequest } from "../../src/ports/wire.ts";
import { router } from "../fakes/router.ts";

const request: WireRequest = {
  method: "GET",
  target: "/",
  headers: [["Host", "app.test"]],
  scheme: "http",
  peerAddress: "192.0.2.1",
  serverName: null,
  hasBody: false,
};

test("an internal error before there is an exchange is logged and answered 500, which never grants access", async () => {
  const logged: string[] = [];
  const broken = {
    trustedProxies: [],
    newRequestId: () => {
      throw new Error("no id");
    },
    log: { error: (event: string) => void logged.push(event) },
  };
  // as: nothing else of Deps is reached
  const handler = wireHandler(router, () => broken as unknown as Deps);

  const reply = await handler(request);

  expect(reply).toMatchObject({ kind: "answer", answer: { status: 500, body: "" } });
  expect(logged).toEqual(["internal error"]);
});

test("a fault on the wire is an error in the log, what a client does wrong is not", () => {
  const logged: string[] = [];
  const deps = {
    newRequestId: () => "0123456789abcdef",
    now: () => 0,
    metrics: { request: () => undefined },
    log: {
      info: (event: string) => void logged.push(`info ${event}`),
      error: (event: string) => void logged.push(`error ${event}`),
    },
  };
  // as: nothing else of Deps is reached
  const refuse = wireRefusal(() => deps as unknown as Deps);

  for (const status of [500, 400]) refuse({ status, reason: "why", peerAddress: "192.0.2.1" });

  expect(logged).toEqual(["error internal error", "info request refused"]);
});
