import { paint } from "../terminal.ts";
import { type DemoFacts, demoUrl } from "./demo-config.ts";

/** What `akproxy demo` prints when it is ready: the URL, the users, and requests to try. */
export function demoText(facts: DemoFacts): string {
  const url = demoUrl(facts);
  return `
${strong("akproxy demo")}: an issuer, an application without login, and akproxy in front; only this machine can reach it

  ${strong("open")}        ${link(`${url}/`)}
  ${strong("sign in")}     as alice (groups admins, staff) or bob (group staff); there is no password

  ${strong("try")}         ${link(`${url}/reports?year=2026`)}
              while signed out: sign in, and akproxy returns to this URL with its query
              ${link(`${url}/public/health`)}
              a public path, without login
              curl -i -H 'Accept: application/json' ${url}/
              a program gets 401 and JSON instead of a login page
              ${link(`${url}/outpost.goauthentik.io/sign_out`)}
              ends the akproxy session, and asks the issuer to end its own

  ${strong("behind it")}   application ${facts.application}  (opened directly, every request is anonymous)
              issuer      ${facts.issuer}

  Ctrl-C stops everything
`;
}

function strong(text: string): string {
  return paint("1", text, process.stdout);
}

function link(url: string): string {
  return paint("36", url, process.stdout);
}
