import { apacheFiles } from "./apache.ts";
import { caddyFiles } from "./caddy.ts";
import { envoyFiles } from "./envoy.ts";
import { haproxyFiles } from "./haproxy.ts";
import { nginxFiles } from "./nginx.ts";
import { nginxIngressFiles, nginxProxyManagerFiles } from "./nginx-variants.ts";
import type { SnippetFacts } from "./snippet-facts.ts";
import type { SnippetFile } from "./snippet-text.ts";
import { traefikFiles, traefikLabels } from "./traefik.ts";

/** The reverse proxies that have a snippet. */
export const snippetTargets = ["nginx", "caddy", "haproxy", "apache", "traefik", "envoy"] as const;
export type SnippetTarget = (typeof snippetTargets)[number];

/** One form of a target's config; variant "": the usual one. */
interface Form {
  readonly target: SnippetTarget;
  readonly variant: string;
  readonly make: (facts: SnippetFacts) => readonly SnippetFile[];
}

const forms: readonly Form[] = [
  { target: "nginx", variant: "", make: nginxFiles },
  { target: "nginx", variant: "ingress", make: nginxIngressFiles },
  { target: "nginx", variant: "npm", make: nginxProxyManagerFiles },
  { target: "caddy", variant: "", make: caddyFiles },
  { target: "haproxy", variant: "", make: haproxyFiles },
  { target: "apache", variant: "", make: apacheFiles },
  { target: "traefik", variant: "", make: traefikFiles },
  { target: "traefik", variant: "labels", make: traefikLabels },
  { target: "envoy", variant: "", make: envoyFiles },
];

/** The variants of a target besides its usual form. */
export function variantsOf(target: SnippetTarget): readonly string[] {
  return forms.filter((form) => form.target === target && form.variant !== "").map((form) => form.variant);
}

/** Is there such a variant of the target? Null is the usual form. */
export function isMade(target: SnippetTarget, variant: string | null): boolean {
  return variant === null || variantsOf(target).includes(variant);
}

/** The reverse proxy's config for one provider: complete and with comments; it denies a request where anything fails. No file: the target has no such variant (spec: cli). */
export function snippet(
  target: SnippetTarget,
  facts: SnippetFacts,
  variant: string | null = null,
): readonly SnippetFile[] {
  return forms.find((form) => form.target === target && form.variant === (variant ?? ""))?.make(facts) ?? [];
}
