import { expect, test } from "bun:test";
import type { HeaderLines } from "../../src/core/http/header-lines.ts";
import { ask, type Front, theOneSeen } from "./front.ts";

/** The cookies that the application receives. */
export function cookieTests(front: Front): void {
  const application = () => front.guard().application;

  test("HDR-16: the application receives its own cookies, and no cookie of akproxy", async () => {
    const ours = front.alice().cookies.headerFor(new URL(front.home));
    const attempt = `akproxy_${front.place.slug}_login_1_abc=started`;

    const answers = [
      await ask(front, "/cookies-around", { headers: [["Cookie", `first=1; ${ours}; ${attempt}; last="2 3"`]] }),
      await ask(front, "/cookies-alone", { headers: [["Cookie", ours]] }),
    ];

    const around = theOneSeen(application(), "/cookies-around").headers;
    const alone = theOneSeen(application(), "/cookies-alone").headers;
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(cookiesIn(around)).toBe('first=1; last="2 3"');
    expect(cookiesIn(alone)).toBe("");
  });
}

function cookiesIn(headers: HeaderLines): string {
  return headers.find(([name]) => name.toLowerCase() === "cookie")?.[1] ?? "";
}
