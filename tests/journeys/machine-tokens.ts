import type { ToyIssuer } from "../../src/demo/toy-issuer.ts";
import type { ToyClient } from "../../src/demo/toy-issuer-configuration.ts";
import { clientSecret } from "../fakes/sample-config.ts";

/** A provider's client that has no secret: its tokens are JWTs that akproxy verifies by itself. The name can be a resource (RFC 8707). */
export const jwtClientId = "urn:akproxy:jwt";

const machine = { grant_types: ["client_credentials"], response_types: [] };
const secretOf = (clientId: string) => `${clientId}-has-a-secret-of-32-characters!`;

/** Two machines, and the client of a provider that verifies JWTs. */
export const machineClients: readonly ToyClient[] = [
  { clientId: "ci", clientSecret: secretOf("ci"), redirectUris: [], metadata: machine },
  { clientId: "stranger", clientSecret: secretOf("stranger"), redirectUris: [], metadata: machine },
  { clientId: jwtClientId, clientSecret: "", redirectUris: ["https://app.test/", "http://app.test/"] },
];

/** A client_credentials token: a JWT for `resource` where one is given, else opaque. */
export async function machineToken(issuer: ToyIssuer, clientId: string, resource?: string): Promise<string> {
  const secret = clientId === "akproxy" ? clientSecret : secretOf(clientId);
  const response = await fetch(`${issuer.issuer}/token`, {
    method: "POST",
    headers: { authorization: `Basic ${btoa(`${encodeURIComponent(clientId)}:${encodeURIComponent(secret)}`)}` },
    body: new URLSearchParams({
      grant_type: "client_credentials",
      ...(resource === undefined ? {} : { resource }),
    }),
  });
  const answer: { readonly access_token?: string } = await response.json();
  if (answer.access_token === undefined) throw new Error(`no token: ${response.status} ${JSON.stringify(answer)}`);
  return answer.access_token;
}

/** The Authorization value of a user name and a password. */
export function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}
