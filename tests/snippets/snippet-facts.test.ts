import { expect, test } from "bun:test";
import { reachableAddress } from "../../src/snippets/snippet-facts.ts";
import { domainProvider, proxyProvider, singleProvider } from "../fakes/samples.ts";
import { factsOf } from "./samples.ts";

test("a reverse proxy listens where the browser comes: external_host's scheme and port, on every address", () => {
  const usual = factsOf(singleProvider());
  const other = factsOf(singleProvider({ externalHost: new URL("http://app.test:8080") }));

  expect(usual.listen).toEqual({ scheme: "https", host: "", port: 443 });
  expect(usual.port).toBe("");
  expect(other.listen).toEqual({ scheme: "http", host: "", port: 8080 });
  expect(other.port).toBe(":8080");
});

test("a listener without a scheme has external_host's, and what akproxy is told stays external_host's", () => {
  const ported = factsOf(singleProvider(), { listen: { scheme: null, host: "127.0.0.1", port: 8443 } });
  const behindTls = factsOf(singleProvider(), { listen: { scheme: "http", host: "", port: 80 } });

  expect(ported.listen).toEqual({ scheme: "https", host: "127.0.0.1", port: 8443 });
  expect(behindTls.listen.scheme).toBe("http");
  expect(behindTls.scheme).toBe("https");
});

test("the applications are external_host's own, or every host below the cookie domain, or those that are named", () => {
  expect(factsOf(proxyProvider()).hosts).toEqual(["app.test"]);
  expect(factsOf(singleProvider(), { hosts: ["other.test"] }).hosts).toEqual(["app.test"]);
  expect(factsOf(domainProvider()).hosts).toEqual(["*.corp.test"]);
  expect(factsOf(domainProvider(), { hosts: ["wiki.corp.test"] }).hosts).toEqual(["wiki.corp.test"]);
});

test("an application's address that nobody gave is a placeholder, and marked as one", () => {
  expect(factsOf(singleProvider()).upstreamOrigin).toBe("placeholder");
  expect(factsOf(singleProvider(), { upstream: { host: "10.0.0.5", port: 80 } }).upstreamOrigin).toBe("given");
});

test("akproxy is reached at its listener, at loopback where that is every address, and nowhere where it is off or a socket", () => {
  expect(reachableAddress({ kind: "tcp", hostname: "0.0.0.0", port: 9000 })).toEqual({ host: "127.0.0.1", port: 9000 });
  expect(reachableAddress({ kind: "tcp", hostname: "::", port: 9000 })).toEqual({ host: "127.0.0.1", port: 9000 });
  expect(reachableAddress({ kind: "tcp", hostname: "::1", port: 9000 })).toEqual({ host: "[::1]", port: 9000 });
  expect(reachableAddress({ kind: "unix", path: "/run/akproxy.sock" })).toBeNull();
  expect(reachableAddress(null)).toBeNull();
});
