import { expect, test } from "bun:test";
import { cookiePairs, cookieValues } from "../../../src/core/http/cookie.ts";
import { pick, seeded } from "../../fakes/seeded.ts";

test("cookieValues finds the same values as cookiePairs in every line", () => {
  const random = seeded(7);
  const parts = ["akproxy_app", "akproxy_app2", "xakproxy_app", "=", "=", ";", ";", " ", "\t", "v", '"', "%3B", ","];

  for (let round = 0; round < 20_000; round += 1) {
    const line = Array.from({ length: 1 + Math.floor(random() * 12) }, () => pick(random, parts)).join("");
    const headers = [["Cookie", line]] as const;

    const whole = cookiePairs(headers).flatMap(([name, value]) => (name === "akproxy_app" ? [value] : []));
    expect({ line, values: cookieValues(headers, "akproxy_app") }).toEqual({ line, values: whole.slice(0, 4) });
  }
});
