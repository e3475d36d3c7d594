import type { HeaderLine, HeaderLines } from "../../src/core/http/header-lines.ts";
import { seeded } from "../fakes/seeded.ts";
import type { CheckRequest, DialectName } from "./check-request.ts";

/** A verdict request made at random, and every path and host that it tells in a way which its endpoint reads. */
export interface RandomCheck {
  readonly dialect: DialectName;
  readonly check: CheckRequest;
  readonly toldPaths: readonly string[]; //        without query
  readonly toldHosts: readonly string[];
}

const pathParts = [
  ..."/public/ /public /admin /.. /. .. . // / \\ ; ..; ;x=1 %2f %2F %5c %2e %2e%2e %252e %252f %00 %0a %zz % %c0%af %ff %3f %23".split(
    " ",
  ),
  ..."x y.css status outpost.goauthentik.io start ping callback sign_out auth nginx \u00ff \u00c3\u00a4 @ : * ' \" , & = +".split(
    " ",
  ),
  "/outpost.goauthentik.io/start",
  "/outpost.goauthentik.io/ping",
  "#",
  " ",
  "\t",
];
const queryParts =
  "a=1 & ? /public/ X-authentik-logout=true X-authentik-auth-callback=true code=x state=y error=z rd=/ %".split(" ");
const hostParts =
  "app.test APP.test app.test. app.test:443 app.test:80 app.test:8443 other.test xapp.test app.test.evil u@app.test [::1] a,b".split(
    " ",
  );
const schemes = "https https https http wss javascript HTTPS https,http ://".split(" ");
const methods = "GET GET GET HEAD POST PUT DELETE OPTIONS PATCH PROPFIND".split(" ");
const noiseNames = (
  "X-Forwarded-Uri X-Forwarded-Host X-Forwarded-Proto X-Forwarded-Method X-Forwarded-For X-Forwarded-Prefix X-Forwarded-Port X-Original-URL " +
  "X-Original-URI X-Original-Method X-Rewrite-URL x-envoy-original-path Forwarded X_Forwarded_Uri X.Original.URL X-authentik-username Cookie " +
  "Authorization Accept Sec-Fetch-Mode X-Requested-With Upgrade Connection X-HTTP-Method-Override Origin User-Agent"
).split(" ");
const noiseValues = (
  "/public/x https://app.test/public/x app.test GET POST https navigate cors websocket Upgrade XMLHttpRequest 127.0.0.1 9.9.9.9,10.0.0.1 " +
  "for=1.1.1.1;host=app.test;proto=https __Host-akproxy_app=x __Host-akproxy_app=A.B Bearer Basic \u00ff\u00fe %00 {} [] ; , = root text/html application/json"
).split(" ");

/** The same requests for the same seed. */
export function randomChecks(seed: number, count: number): readonly RandomCheck[] {
  const random = seeded(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const oneOf = <T>(values: readonly T[]): T => {
    const value = values[below(values.length)];
    if (value === undefined) throw new Error("nothing to choose from");
    return value;
  };
  const some = (parts: readonly string[], most: number) =>
    Array.from({ length: below(most + 1) }, () => oneOf(parts)).join("");

  const randomUrl = () => {
    const path = `${oneOf(["/public/", "/public/", "/", "", "/admin", "/outpost.goauthentik.io/"])}${some(pathParts, 5)}`;
    return {
      path,
      target: below(3) === 0 ? `${path}?${some(queryParts, 4)}` : path,
      host: below(4) === 0 ? oneOf(hostParts) : "app.test",
    };
  };
  const noise = (): HeaderLine[] => Array.from({ length: below(5) }, () => [oneOf(noiseNames), oneOf(noiseValues)]);

  return Array.from({ length: count }, () => {
    const dialect = oneOf(["nginx", "traefik", "caddy", "envoy", "forward"] as const);
    const { target, host } = randomUrl();
    const scheme = below(6) === 0 ? oneOf(schemes) : "https";
    const method = oneOf(methods);
    const own = ownHeaders(dialect, { scheme, host, target, method }).filter(() => below(25) > 0);
    const headers = [...own, ...noise()].sort(() => random() - 0.5);
    const path = `/outpost.goauthentik.io/auth/${dialect}`;
    const asked = dialect === "envoy" ? { method, target: `${path}${target}` } : { method: "GET", target: path };
    const check = { ...asked, headers: [["Host", dialect === "envoy" ? host : "akproxy.test"] as const, ...headers] };
    return { dialect, check, ...told(dialect, check.headers, target) };
  });
}

function ownHeaders(
  dialect: DialectName,
  { scheme, host, target, method }: Readonly<Record<"scheme" | "host" | "target" | "method", string>>,
): HeaderLine[] {
  if (dialect === "envoy") return [["X-Forwarded-Proto", scheme]];
  if (dialect === "nginx") {
    return [
      ["X-Original-URL", `${scheme}://${host}${target}`],
      ["X-Original-Method", method],
    ];
  }
  return [
    ["X-Forwarded-Proto", scheme],
    ["X-Forwarded-Host", host],
    ["X-Forwarded-Uri", target],
    ["X-Forwarded-Method", method],
  ];
}

function told(dialect: DialectName, headers: HeaderLines, envoyTarget: string) {
  const values = (name: string) => headers.filter(([each]) => each === name).map(([, value]) => value);
  const pathOf = (target: string) => target.replace(/\?.*$/s, "");
  if (dialect === "envoy") return { toldPaths: [pathOf(envoyTarget)], toldHosts: values("Host") };
  if (dialect !== "nginx") {
    return { toldPaths: values("X-Forwarded-Uri").map(pathOf), toldHosts: values("X-Forwarded-Host") };
  }
  const urls = values("X-Original-URL").map((url) => /^\w+:\/\/([^/?#]*)(.*)$/s.exec(url) ?? ["", "", url]);
  const uris = values("X-Original-URI");
  return {
    toldPaths: [...urls.map(([, , target = ""]) => target), ...uris].map(pathOf),
    toldHosts: urls.length > 0 ? urls.map(([, host = ""]) => host) : values("X-Forwarded-Host"),
  };
}

/** As servers are known to read a path: as it is, decoded once and twice, `\` for `/`, without `;` parameters, slashes merged, dots resolved. */
export function readingsOf(path: string): readonly string[] {
  const decode = (text: string) =>
    text.replace(/%([0-9a-f]{2})/gi, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  const steps: readonly ((text: string) => string)[] = [
    decode,
    (text) => text.replace(/\\/g, "/"),
    (text) => text.replace(/;[^/]*/g, ""),
    (text) => text.replace(/\/{2,}/g, "/"),
    withoutDots,
    decode,
    withoutDots,
  ];
  const readings = [path];
  for (const step of steps) readings.push(...readings.map(step));
  return [...new Set(readings)];
}

function withoutDots(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split("/").slice(1)) {
    if (segment === "..") kept.pop();
    else if (segment !== ".") kept.push(segment);
  }
  return `/${kept.join("/")}`;
}
