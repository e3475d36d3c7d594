import { paint } from "../terminal.ts";
import { type DemoFacts, demoUrl } from "./demo-config.ts";

/** What `akproxy demo` prints once it is up: what to open, who to be, what to try. */
export function demoText(facts: DemoFacts): string {
  const url = demoUrl(facts);
  return `
${strong("akproxy demo")}: an issuer, an application without login, and akproxy in front; on this machine alone

  ${strong("open")}        ${link(`${url}/`)}
  ${strong("sign in")}     as alice (groups admins, staff) or bob (group staff); there is no password

  ${strong("try")}         ${link(`${url}/reports?year=2026`)}
              signed out, you sign in and arrive there, query and all
              ${link(`${url}/public/health`)}
              a path that needs no login
              curl -i -H 'Accept: application/json' ${url}/
              a program gets 401 and JSON, not a login page
              ${link(`${url}/outpost.goauthentik.io/sign_out`)}
              ends the session here and asks to end the issuer's

  ${strong("behind it")}   application ${facts.application}  (opened directly, it knows nobody)
              issuer      ${facts.issuer}

  Ctrl-C ends all of it
`;
}

function strong(text: string): string {
  return paint("1", text, process.stdout);
}

function link(url: string): string {
  return paint("36", url, process.stdout);
}
