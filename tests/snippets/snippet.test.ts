import { describe, expect, test } from "bun:test";
import { dialects } from "../../src/core/forward-auth/dialects.ts";
import { identityHeaderNames } from "../../src/core/identity/identity-fields.ts";
import { identityHeaders } from "../../src/core/upstream/identity-headers.ts";
import { isMade, type SnippetTarget, snippet, snippetTargets, variantsOf } from "../../src/snippets/snippet.ts";
import type { SnippetFacts } from "../../src/snippets/snippet-facts.ts";
import { alice, domainProvider, outpost, proxyProvider, singleProvider } from "../fakes/samples.ts";
import { factsOf } from "./samples.ts";

const asked: Readonly<Record<SnippetTarget, string>> = {
  nginx: "/outpost.goauthentik.io/auth/nginx",
  traefik: "/outpost.goauthentik.io/auth/traefik",
  caddy: "/outpost.goauthentik.io/auth/caddy",
  envoy: "/outpost.goauthentik.io/auth/envoy",
  haproxy: "/outpost.goauthentik.io/auth/forward",
  apache: "/outpost.goauthentik.io/auth/",
};

function textOf(target: SnippetTarget, facts: SnippetFacts, variant: string | null = null): string {
  return snippet(target, facts, variant)
    .map((file) => file.text)
    .join("\n");
}

test("the headers that are copied are those that akproxy sends, all of them", () => {
  const sent = identityHeaders(alice(), singleProvider(), outpost).lines.map(([name]) => name);

  expect(identityHeaderNames).toEqual(sent);
});

test("there is a snippet for six reverse proxies, and variants for two", () => {
  expect([...snippetTargets].toSorted()).toEqual(["apache", "caddy", "envoy", "haproxy", "nginx", "traefik"]);
  expect(
    snippetTargets
      .map((target) => variantsOf(target).join(" "))
      .filter((names) => names !== "")
      .toSorted(),
  ).toEqual(["ingress npm", "labels"]);
  expect(isMade("nginx", "npm")).toBe(true);
  expect(isMade("caddy", "npm")).toBe(false);
  expect(snippet("caddy", factsOf(singleProvider()), "npm")).toEqual([]);
});

describe.each([...snippetTargets])("%s", (target) => {
  const single = textOf(target, factsOf(singleProvider()));
  const domain = textOf(target, factsOf(domainProvider()));
  const proxied = textOf(target, factsOf(proxyProvider()));

  test("asks for a verdict at an endpoint that exists", () => {
    expect(single).toContain(asked[target]);
    expect(dialects.some(({ path }) => path.startsWith(asked[target]))).toBe(true);
  });

  test("HDR-14: every header of a verdict is copied, Authorization only where a credential is injected", () => {
    const injecting = singleProvider({ basicAuth: { userAttribute: "", passwordAttribute: "p" } });
    const authorization =
      /^.*(?:[^p]authorization"|upstream_http_authorization|- authorization|exact: authorization|header\.authorization).*$/im;

    for (const name of identityHeaderNames) {
      if (target !== "envoy") expect(single.toLowerCase()).toContain(name.toLowerCase());
    }
    if (target === "envoy") expect(single).toContain("{ prefix: x-authentik-, ignore_case: true }");
    expect(authorization.test(textOf(target, factsOf(injecting)))).toBe(true);
    expect(authorization.test(single)).toBe(false);
  });

  test("HDR-16: akproxy's cookies stay away from the application, where the program can take one out", () => {
    // Traefik takes the cookies that the verdict gives back in place of the client's
    if (target === "traefik") expect(single).toMatch(/authResponseHeaders:(?:\n\s+- .+)*\n\s+- "?'?Cookie/);
    else expect(single).toMatch(/akproxy_(?:\[\^;\]\*|")/);
    expect(/akproxy_(?:\[\^;\]\*|")/.test(proxied)).toBe(false);
  });

  test("a name of additionalHeaders is copied too", () => {
    const text = textOf(target, factsOf(singleProvider(), { additionalNames: ["X-Team"] }));

    expect(text.toLowerCase().replaceAll("_", "-")).toContain("x-team");
  });

  test("FWD-02: verdicts are closed to who comes from outside", () => {
    expect(single).toMatch(/404/);
    expect(domain.split("404").length).toBeGreaterThan(
      target === "haproxy" || target === "apache" || target === "traefik" ? 1 : 2,
    );
  });

  test("FWD-14: an error of akproxy never grants access", () => {
    for (const text of [single, domain, proxied]) {
      expect(text).not.toMatch(/failure_mode_allow: true|error_page 50\d = ?(?:200|@)|trustForwardHeader: true/);
    }
  });

  test("proxy mode asks for no verdict, since akproxy passes the request on itself", () => {
    expect(proxied).not.toContain("/auth/");
    expect(proxied).toMatch(/127\.0\.0\.1(?::|", port_value: )9000/);
    expect(proxied).not.toContain("FILL IN: 127.0.0.1:8080");
  });

  test("a domain has its authentication host and every host below it", () => {
    expect(domain).toContain("auth.corp.test");
    expect(domain.replaceAll("\\.", ".")).toMatch(/\*\.corp\.test|\.corp\.test\$|-m end \.corp\.test/);
  });

  test("an application that nobody named is marked, one that was named is used", () => {
    const given = textOf(target, factsOf(singleProvider(), { upstream: { host: "10.0.0.5", port: 8123 } }));

    expect(single).toContain("FILL IN: 127.0.0.1:8080");
    expect(given).toContain("10.0.0.5");
    expect(given).not.toContain("FILL IN: 127.0.0.1:8080");
  });

  test("what akproxy is told is external_host's scheme, where TLS ends before this reverse proxy too", () => {
    const text = textOf(target, factsOf(singleProvider(), { listen: { scheme: "http", host: "", port: 80 } }));

    expect(text).not.toMatch(/ssl_certificate|SSLEngine|ssl crt|tls_certificates|tls: \{\}/);
    if (target !== "traefik")
      expect(text.toLowerCase()).toMatch(/x-forwarded-proto[^\n]*https|local scheme, port = "https"/);
  });
});

test("nginx tells the host that it chose the server by, with external_host's port, and never the client's Host", () => {
  const text = textOf("nginx", factsOf(singleProvider({ externalHost: new URL("https://app.test:8443") })));

  expect(text).toContain("proxy_set_header X-Original-URL https://$host:8443$request_uri;");
  expect(text).not.toMatch(/proxy_set_header [^\n]*\$http_host/);
});

test("Nginx Proxy Manager's tab has no map, which a server may not hold, and forwards to the form's own address", () => {
  const text = textOf("nginx", factsOf(singleProvider()), "npm");

  expect(text).not.toMatch(/^\s*(?:map|server) /m);
  expect(text).toContain("proxy_pass $forward_scheme://$server:$port;");
  expect(text).toContain("proxy_set_header Upgrade $http_upgrade;");
});

test("ingress-nginx is told an escaped address to come back to, and uses no snippet annotation", () => {
  const text = textOf("nginx", factsOf(domainProvider()), "ingress");

  expect(text).toContain(
    'auth-signin: "https://auth.corp.test/outpost.goauthentik.io/start?rd=https://$host$escaped_request_uri"',
  );
  expect(text).not.toContain("-snippet:");
});

test("labels double the dollar that compose would expand, and quote values that are not text", () => {
  const text = textOf("traefik", factsOf(domainProvider()), "labels");

  expect(text).toContain("`^.+\\.corp\\.test$$`");
  expect(text).not.toMatch(/: (?:true|false|\d+)$/m);
});
