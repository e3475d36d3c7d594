import { htmlOf } from "./html.ts";
import type { PageSpec } from "./page-spec.ts";
import { linkTarget, shownTime } from "./shown-value.ts";
import { styleSource } from "./style.ts";
import type { Wants } from "./wants.ts";

/** A whole page with its headers. */
export interface RenderedPage {
  readonly status: number;
  readonly headers: [name: string, value: string][];
  readonly body: string;
}

/**
 * `spec` in the form that the client wants. No form may be cached (FWD-16, LEAK-03), sends a referrer (LEAK-02) or is sniffed (XSS-02), and
 * its policy allows only what the page itself does (XSS-01).
 */
export function page(spec: PageSpec, wants: Wants): RenderedPage {
  const form = formOf(spec, wants);
  return {
    status: spec.status,
    headers: [
      ["content-type", form.type],
      ["content-security-policy", form.policy],
      ["cache-control", "no-store"],
      ["referrer-policy", "no-referrer"],
      ["x-content-type-options", "nosniff"],
      ["x-robots-tag", "noindex"],
      ...spec.headers.map(([name, value]): [string, string] => [name, value]),
    ],
    body: form.body,
  };
}

interface Form {
  readonly type: string;
  readonly policy: string;
  readonly body: string;
}

const bare = "default-src 'none'; frame-ancestors 'none'";

function formOf(spec: PageSpec, wants: Wants): Form {
  if (wants === "html") return { type: "text/html; charset=utf-8", policy: htmlPolicy(spec), body: htmlOf(spec) };
  if (wants === "json" || spec.program.kind !== "by_accept")
    return { type: "application/json", policy: bare, body: jsonOf(spec) };
  return { type: "text/plain; charset=utf-8", policy: bare, body: textOf(spec) };
}

/**
 * form-action also applies to the redirects that follow a POST (Chromium; CSP 3, 6.4.1), so it lists the targets of the form's answer. A
 * text that is not a CSP source is left out, because it could add directives.
 */
function htmlPolicy(spec: PageSpec): string {
  const targets = spec.action?.kind === "post" ? ["'self'", ...spec.action.targets.filter(isSource)] : ["'none'"];
  return `default-src 'none'; style-src ${styleSource}; img-src data:; form-action ${targets.join(" ")}; frame-ancestors 'none'; base-uri 'none'`;
}

function isSource(target: string): boolean {
  return /^https?:(?:\/\/(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?)?$/.test(target);
}

function jsonOf(spec: PageSpec): string {
  const members =
    spec.program.kind === "authentik"
      ? { ...spec.program.members, request_id: spec.reference.requestId }
      : {
          error: spec.code,
          message: spec.happened,
          ...(spec.advice === "" ? {} : { hint: spec.advice }),
          ...(spec.causes.length === 0 ? {} : { causes: spec.causes }),
          request_id: spec.reference.requestId,
          ...spec.program.extra,
        };
  // Go's encoder escapes these three; so the body stays harmless where a client reads it as HTML
  const body = JSON.stringify(members, null, "\t").replace(
    /[<>&]/g,
    (character) => `\\u00${character.charCodeAt(0).toString(16)}`,
  );
  return `${body}\n`;
}

function textOf(spec: PageSpec): string {
  const target = spec.action?.kind === "link" && spec.action.href !== "" ? linkTarget(spec.action.href) : null;
  return [
    spec.title, // without the status: a caller may answer with a more exact one (405, 431)
    "",
    spec.happened,
    spec.advice,
    ...section(spec.facts.map(({ label, value }) => `${label}: ${value}`)),
    ...section(spec.causes.map((cause) => `- ${cause}`)),
    ...section(target === null || spec.action === null ? [] : [`${spec.action.label}: ${target}`]),
    "",
    `${spec.code} · ${spec.reference.requestId} · ${shownTime(spec.reference.time)}`,
    "",
  ].join("\n");
}

function section(lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ["", ...lines];
}
