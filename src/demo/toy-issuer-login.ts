import type { IncomingMessage, ServerResponse } from "node:http";
import type { Provider } from "oidc-provider";
import { type LoginChoice, loginPage } from "./toy-issuer-pages.ts";
import type { ToyClaims } from "./toy-issuer-users.ts";

/** Answers `/interaction/ID`: GET shows the users, POST with `user` or `cancel` finishes the login. Never throws. */
export async function answerLogin(
  provider: Provider,
  users: ReadonlyMap<string, ToyClaims>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    await login(provider, users, request, response);
  } catch {
    refuse(response, 400); // the interaction's cookie is missing or old
  }
}

/** A short plain-text refusal. */
export function refuse(response: ServerResponse, status: 400 | 503): void {
  response.writeHead(status, { "content-type": "text/plain", connection: "close" });
  response.end(status === 503 ? "toy issuer: not available\n" : "toy issuer: unknown login, start again\n");
}

async function login(
  provider: Provider,
  users: ReadonlyMap<string, ToyClaims>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { params, prompt } = await provider.interactionDetails(request, response);
  const finish = (result: Readonly<Record<string, unknown>>) =>
    provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
  if (prompt.name === "consent") return finish({ consent: {} });
  if (request.method !== "POST") {
    const client = await provider.Client.find(params["client_id"] ?? "");
    return html(
      response,
      loginPage({
        action: request.url ?? "",
        client: client?.clientName ?? client?.clientId ?? "An application",
        choices: choicesOf(users),
      }),
    );
  }
  const form = await formOf(request);
  const subject = form.get("user") ?? "";
  if (form.has("cancel")) return finish({ error: "access_denied", error_description: "the user cancelled" });
  if (!users.has(subject)) return refuse(response, 400);
  return finish({ login: { accountId: subject }, ...(prompt.name === "select_account" ? { select_account: {} } : {}) });
}

function choicesOf(users: ReadonlyMap<string, ToyClaims>): readonly LoginChoice[] {
  return [...users].map(([subject, claims]) => ({
    subject,
    name: String(claims["preferred_username"] ?? subject).replace(/^./, (first) => first.toUpperCase()),
    detail: Array.isArray(claims["groups"]) ? `in ${claims["groups"].join(", ")}` : "in no group",
  }));
}

async function formOf(request: IncomingMessage): Promise<URLSearchParams> {
  let text = "";
  for await (const chunk of request) text += chunk;
  return new URLSearchParams(text);
}

function html(response: ServerResponse, text: string): void {
  response.writeHead(200, { "content-type": "text/html; charset=utf-8", "cache-control": "no-store" });
  response.end(text);
}
