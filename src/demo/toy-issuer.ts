import { generateKeyPairSync } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { interactionPolicy, PromptPolicy, Provider } from "oidc-provider";
import { type ToyClient, toyConfiguration } from "./toy-issuer-configuration.ts";
import { answerLogin, refuse } from "./toy-issuer-login.ts";
import { defaultToyUsers, type ToyClaims, type ToyUsers } from "./toy-issuer-users.ts";

/** Options of the toy issuer. The address is a loopback address; port 0 takes a free port. */
export interface ToyIssuerOptions {
  readonly port: number;
  readonly hostname?: string; //                   127.0.0.1
  readonly clients: readonly ToyClient[];
  readonly users?: ToyUsers; //                    alice and bob
  readonly extraClaims?: readonly string[]; //     claim names that `setUserClaims` may add later
}

/** "up"; "failing" answers 503; "down" drops every connection without an answer. */
export type ToyAvailability = "up" | "failing" | "down";

/** A running toy issuer. `hits` counts requests by endpoint. */
export interface ToyIssuer {
  readonly issuer: string;
  readonly hits: Readonly<Record<ToyEndpoint, number>>;
  setUserClaims(subject: string, claims: ToyClaims): void;
  setAvailability(availability: ToyAvailability): void;
  close(): Promise<void>;
}

export type ToyEndpoint =
  | "discovery"
  | "jwks"
  | "authorize"
  | "login"
  | "token"
  | "userinfo"
  | "introspection"
  | "endSession"
  | "other";

const endpoints: readonly (readonly [prefix: string, endpoint: ToyEndpoint])[] = [
  ["/.well-known/openid-configuration", "discovery"],
  ["/jwks", "jwks"],
  ["/auth", "authorize"],
  ["/interaction/", "login"],
  ["/token/introspection", "introspection"],
  ["/token", "token"],
  ["/me", "userinfo"],
  ["/session/end", "endSession"],
];

/**
 * Starts an OpenID Connect issuer (oidc-provider) whose login page asks for no password, for `akproxy demo` and for tests.
 * It listens on loopback only (decision 24); another address is an error. It keeps everything in memory.
 */
export async function startToyIssuer(options: ToyIssuerOptions): Promise<ToyIssuer> {
  const hostname = options.hostname ?? "127.0.0.1";
  if (!/^(127\.\d+\.\d+\.\d+|::1|localhost)$/.test(hostname)) {
    throw new Error(`toy issuer: address "${hostname}" is not loopback`);
  }
  const hits: Record<ToyEndpoint, number> = {
    discovery: 0,
    jwks: 0,
    authorize: 0,
    login: 0,
    token: 0,
    userinfo: 0,
    introspection: 0,
    endSession: 0,
    other: 0,
  };
  const users = new Map(Object.entries(options.users ?? defaultToyUsers));
  let availability: ToyAvailability = "up";
  let answer: (request: IncomingMessage, response: ServerResponse) => void = (_request, response) =>
    refuse(response, 503);
  const server = createServer((request, response) => {
    if (availability === "down") return void request.socket.destroy();
    hits[endpointOf(request.url ?? "/")] += 1;
    if (availability === "failing") return refuse(response, 503);
    return answer(request, response);
  });
  // The issuer's URL contains the port, so listening comes first.
  const port = await listen(server, options.port, hostname);
  const issuer = `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
  answer = await issuerHandler(issuer, options, users);
  return {
    issuer,
    hits,
    setUserClaims: (subject, claims) => void users.set(subject, claims),
    setAvailability: (to) => {
      availability = to;
    },
    close: () => stop(server),
  };
}

function endpointOf(target: string): ToyEndpoint {
  return endpoints.find(([prefix]) => target.startsWith(prefix))?.[1] ?? "other";
}

function listen(server: Server, port: number, hostname: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, hostname, () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

async function issuerHandler(issuer: string, options: ToyIssuerOptions, users: Map<string, ToyClaims>) {
  hushOidcProvider();
  // Imported here only, so that other commands do not load it (decision 24).
  const library = await import("oidc-provider");
  const provider: Provider = new library.Provider(
    issuer,
    toyConfiguration({
      clients: options.clients,
      users: Object.fromEntries(users),
      extraClaims: options.extraClaims ?? [],
      jwks: { keys: signingKeys() },
      policy: promptPolicy(library.interactionPolicy),
      claimsOf: (subject) => users.get(subject),
      provider: () => provider,
    }),
  );
  const serve = provider.callback();
  return (request: IncomingMessage, response: ServerResponse): void => {
    if (request.url?.startsWith("/interaction/") === true) void answerLogin(provider, users, request, response);
    else serve(request, response);
  };
}

/** The default prompts, and `select_account`, which oidc-provider does not have by default. */
function promptPolicy({ base, Prompt }: typeof interactionPolicy): PromptPolicy {
  const policy = base();
  policy.add(new Prompt({ name: "select_account", requestable: true }), 0);
  return policy;
}

let keys: readonly unknown[] | null = null;

/** An RSA, an EC and an Ed25519 key, made once for the process: the RSA key takes 0.1 s. */
function signingKeys(): readonly unknown[] {
  keys ??= [
    {
      ...generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" }),
      kid: "toy-rsa",
      use: "sig",
    },
    {
      ...generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "jwk" }),
      kid: "toy-ec",
      use: "sig",
    },
    { ...generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" }), kid: "toy-ed", use: "sig" },
  ];
  return keys;
}

let isQuiet = false;

/**
 * Keeps oidc-provider's advice to operators ("Unsupported runtime", "quick start in-memory adapter") off the terminal. The package
 * writes it by console.info and console.warn while it loads, and has no switch for it. All other lines pass.
 */
function hushOidcProvider(): void {
  if (isQuiet) return;
  isQuiet = true;
  const terminal = globalThis.console;
  for (const level of ["info", "warn"] as const) {
    const say = terminal[level].bind(terminal);
    terminal[level] = (...words: unknown[]) => {
      if (!String(words[0]).includes("oidc-provider ")) say(...words);
    };
  }
}
