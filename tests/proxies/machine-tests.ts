import { expect, test } from "bun:test";
import { basic, machineToken } from "../journeys/machine-tokens.ts";
import { ask, type Front, theOneSeen } from "./front.ts";

/** Programs, which send a credential and have no session. */
export function machineTests(front: Front): void {
  const application = () => front.guard().application;

  test("a program with a token of the issuer reaches the application with its identity, and receives no cookie", async () => {
    const token = await machineToken(front.guard().issuer, "akproxy");

    const answer = await ask(front, "/for-programs", { headers: [["Authorization", `Bearer ${token}`]] });

    const { headers } = theOneSeen(application(), "/for-programs");
    expect(answer.status).toBe(200);
    expect(headers.filter(([name]) => name.toLowerCase() === "x-authentik-username")).toEqual([
      [expect.any(String), "akproxy"],
    ]);
    expect(answer.headers.filter(([name]) => name.toLowerCase() === "set-cookie")).toEqual([]);
  });

  test.each([
    ["Bearer not-a-token", `Bearer realm="${front.place.slug}", error="invalid_token"`],
    [basic("alice", "not-a-password"), `Basic realm="${front.place.slug}", charset="UTF-8"`],
  ])("M2M-09: %j is 401 with a challenge, no redirect and no cookie", async (authorization, challenge) => {
    const answer = await ask(front, "/not-for-programs", { headers: [["Authorization", authorization]] });

    const valuesOf = (wanted: string) =>
      answer.headers.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value);
    expect(answer.status).toBe(401);
    // nginx adds the verdict's own to that of the answer
    expect(new Set(valuesOf("www-authenticate"))).toEqual(new Set([challenge]));
    expect(valuesOf("location")).toEqual([]);
    expect(valuesOf("set-cookie")).toEqual([]);
    expect(application().seen("/not-for-programs")).toEqual([]);
  });
}
