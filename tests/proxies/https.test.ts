import { afterAll, beforeAll, expect, test } from "bun:test";
import { continueAs, isToyLogin } from "../fakes/browser.ts";
import { type Guard, startGuard } from "./guard.ts";
import { startReal } from "./harness.ts";
import { isHere } from "./programs.ts";

const programs = (["nginx", "caddy", "haproxy", "apache", "traefik", "envoy"] as const).filter(isHere);

if (programs.length > 0) {
  let guard: Guard;
  beforeAll(async () => {
    guard = await startGuard({ scheme: "https" });
  }, 30_000);
  afterAll(async () => {
    await guard.stop();
  });

  test.each(programs)(
    "over https %s leads to the login and back, with a cookie that https alone has",
    async (name) => {
      const home = "https://app.test/";
      const real = await startReal(name, guard, { slug: "app", host: "app.test" });
      const browser = real.browser();

      const login = await browser.follow(`${home}by-${name}?x=1&y=2`);
      const page = await continueAs(browser, login, "alice");
      await real.stop();

      const [seen] = guard.application.seen(`/by-${name}`);
      const headers = Object.fromEntries((seen?.headers ?? []).map(([key, value]) => [key.toLowerCase(), value]));
      expect(isToyLogin(login)).toBe(true);
      expect([page.status, page.url]).toEqual([200, `${home}by-${name}?x=1&y=2`]);
      expect(browser.cookies.all().map(({ name: cookie }) => cookie)).toContain("__Host-akproxy_app");
      expect(headers["x-forwarded-proto"]).toBe("https");
      expect(headers["x-authentik-username"]).toBe("alice");
    },
    30_000,
  );
}
