import { expect, test } from "bun:test";
import { isSharedStore } from "../../src/core/config.ts";

const server = { url: "x", place: "x", certificateAuthorities: null };

test("machines can share a store on a server, but neither a file nor the memory of a process", () => {
  expect(isSharedStore({ kind: "redis", keyPrefix: "akproxy:", ...server })).toBe(true);
  expect(isSharedStore({ kind: "postgres", tlsMode: "disable", ...server })).toBe(true);
  expect(isSharedStore({ kind: "sqlite", file: "/state/sessions.sqlite" })).toBe(false);
  expect(isSharedStore({ kind: "memory" })).toBe(false);
});
