import { expect, test } from "bun:test";
import { unverifiedToken } from "../../../src/core/identity/unverified-token.ts";

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const tokenOf = (claims: unknown) => `${part({ alg: "none" })}.${part(claims)}.sig`;

test("issuer and audience are read without a look at the signature, names beyond ASCII too", () => {
  expect(unverifiedToken(tokenOf({ iss: "https://idp.test/ä", aud: "app-😀" }))).toEqual({
    issuer: "https://idp.test/ä",
    audiences: ["app-😀"],
  });
});

test("of a list of audiences only texts count", () => {
  expect(unverifiedToken(tokenOf({ iss: "i", aud: ["a", 1, null, "b"] }))?.audiences).toEqual(["a", "b"]);
  expect(unverifiedToken(tokenOf({ iss: "i" }))?.audiences).toEqual([]);
});

test.each(["", "a", "a.b.c", "..", `x.${part([])}.y`, `x.${part(null)}.y`, `x.${part("iss")}.y`, tokenOf({ iss: 1 })])(
  "%j is not a token",
  (text) => {
    expect(unverifiedToken(text)).toBeNull();
  },
);
