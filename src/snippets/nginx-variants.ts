import { outpostPrefix } from "../core/decide/endpoint.ts";
import { verdictPath, verdictPrefix } from "../core/forward-auth/dialects.ts";
import { guardedLocation, outpostLocations, startRedirect } from "./nginx-locations.ts";
import { copiedNames, hostAndPort, type SnippetFacts } from "./snippet-facts.ts";
import { head, indented, paragraphs, type SnippetFile } from "./snippet-text.ts";

/** The "Advanced" tab of a proxy host in Nginx Proxy Manager; in proxy mode the form alone is enough. */
export function nginxProxyManagerFiles(facts: SnippetFacts): readonly SnippetFile[] {
  const address = `${facts.outpost.host} and port ${facts.outpost.port}`;
  if (facts.mode === "proxy") {
    const form = [
      `Nothing else is needed: a proxy host for ${facts.hosts.join(", ")} that forwards to ${address}, with "Websockets Support" on.`,
    ];
    return [
      {
        name: "advanced.conf",
        text: paragraphs([
          head("Nginx Proxy Manager", facts, form),
          "proxy_buffer_size 32k;\nproxy_buffers 8 32k;\nproxy_busy_buffers_size 64k;",
        ]),
      },
    ];
  }
  const about = [
    "Put this into the Advanced tab of the application's proxy host. Its Details tab names the application, as without akproxy.",
    "akproxy's address as this container sees it: --outpost http://akproxy:9000",
    ...(facts.mode === "forward_domain"
      ? [`${facts.externalHost} is a proxy host of its own that forwards to ${address}.`]
      : []),
  ];
  const form = { upgrade: "$http_upgrade", connection: "$http_connection", cookie: "$http_cookie" };
  const body = [outpostLocations(facts), guardedLocation(facts, "$forward_scheme://$server:$port", form)];
  return [
    {
      name: "advanced.conf",
      text: paragraphs([head("Nginx Proxy Manager", { ...facts, upstreamOrigin: "given" }, about), ...body]),
    },
  ];
}

/** Annotations and an Ingress for ingress-nginx. Snippet annotations are not used: they are off by default there. */
export function nginxIngressFiles(facts: SnippetFacts): readonly SnippetFile[] {
  const about = [
    "For ingress-nginx. akproxy's address as the controller sees it: --outpost http://akproxy.NAMESPACE.svc.cluster.local:9000",
    "akproxy must trust the controller's address: listen.trusted_proxies has the private ranges by default.",
    "FILL IN: ports and names of the services.",
  ];
  const own = ownIngress(facts);
  const parts = facts.mode === "proxy" ? [own] : [applicationIngress(facts), own, closedIngress(facts)];
  return [
    {
      name: "ingress.yaml",
      text: paragraphs([head("ingress-nginx", { ...facts, upstreamOrigin: "given" }, about), parts.join("\n---\n")]),
    },
  ];
}

/** Only the controller may ask for verdicts: here only an address that no client has may. */
function closedIngress(facts: SnippetFacts): string {
  const hosts = everyHost(facts);
  return `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: akproxy-${facts.slug}-closed
  annotations:
    nginx.ingress.kubernetes.io/whitelist-source-range: 255.255.255.255/32
${spec(facts, hosts, verdictPrefix, "akproxy", facts.outpost.port)}`;
}

function everyHost(facts: SnippetFacts): readonly string[] {
  return facts.mode === "forward_domain" ? [facts.externalHost, ...facts.hosts] : facts.hosts;
}

function applicationIngress(facts: SnippetFacts): string {
  const start = startRedirect(facts)
    .replace(/^return 302 |;$/g, "")
    .replace("$request_uri", "$escaped_request_uri");
  return `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: akproxy-${facts.slug}-application
  annotations:
    nginx.ingress.kubernetes.io/auth-url: "http://${hostAndPort(facts.outpost)}${verdictPath("nginx")}"
    # Every 401 redirects to the login, also for scripts: without snippets, auth_request offers nothing else.
    nginx.ingress.kubernetes.io/auth-signin: "${start}"
    nginx.ingress.kubernetes.io/auth-response-headers: "Set-Cookie,${copiedNames(facts).join(",")}"
    nginx.ingress.kubernetes.io/proxy-buffer-size: 32k
    nginx.ingress.kubernetes.io/proxy-buffers-number: "8"
    nginx.ingress.kubernetes.io/proxy-busy-buffers-size: 64k
    nginx.ingress.kubernetes.io/proxy-read-timeout: "3600"
    nginx.ingress.kubernetes.io/proxy-send-timeout: "3600"
${spec(facts, facts.hosts, "/", `application`, 80)}`;
}

/** akproxy's own endpoints (callback, sign out, start): no login is needed there. */
function ownIngress(facts: SnippetFacts): string {
  const path = facts.mode === "proxy" ? "/" : `${outpostPrefix}/`;
  return `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: akproxy-${facts.slug}
  annotations:
    nginx.ingress.kubernetes.io/proxy-buffer-size: 32k
    nginx.ingress.kubernetes.io/proxy-buffers-number: "8"
    nginx.ingress.kubernetes.io/proxy-busy-buffers-size: 64k
    nginx.ingress.kubernetes.io/proxy-read-timeout: "3600"
    nginx.ingress.kubernetes.io/proxy-send-timeout: "3600"
${spec(facts, everyHost(facts), path, "akproxy", facts.outpost.port)}`;
}

function spec(facts: SnippetFacts, hosts: readonly string[], path: string, service: string, port: number): string {
  const names = hosts.map((host) => `"${host}"`).join(", ");
  const tls = facts.scheme === "https" ? `\n  tls: [{ hosts: [${names}], secretName: akproxy-${facts.slug}-tls }]` : "";
  const rules = hosts.map(
    (host) => `- host: "${host}"
  http:
    paths: [{ path: ${path}, pathType: Prefix, backend: { service: { name: ${service}, port: { number: ${port} } } } }]`,
  );
  return `spec:
  ingressClassName: nginx${tls}
  rules:
${indented(rules.join("\n"), "  ")}`;
}
