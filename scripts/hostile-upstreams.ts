/** The attacks of scripts/hostile that need an upstream which closes, cheats, or logs connections in. */
import type { Socket } from "node:net";
import { type RawExchange, type RawUpstream, startRawUpstream } from "../tests/fakes/upstream.ts";
import { type Attack, ask, askOn, type Finding, type Lab, open, startLab, statusOf, tally } from "./hostile-lab.ts";

const rounds = 10;

function say(at: RawExchange, body: string, status = "200 OK", lines: readonly string[] = []): void {
  at.write([`HTTP/1.1 ${status}`, ...lines, `Content-Length: ${body.length}`, "", body].join("\r\n"));
}

/** Runs `work` in front of an upstream with this handler; every path is public at public.test, none at inside.test. */
async function withUpstream(
  handler: (at: RawExchange) => void,
  work: (lab: Lab, upstream: RawUpstream) => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  const upstream = await startRawUpstream(handler);
  const host = `internal_host = "${upstream.origin}"`;
  const lab = await startLab({
    public: `${host}\nskip_path_regex = "^/"`,
    inside: `${host}\nintercept_header_auth = false`,
  });
  try {
    return await work(lab, upstream);
  } finally {
    await lab.stop();
    await upstream.stop();
  }
}

interface Sent {
  readonly what: string;
  readonly lines: readonly string[];
  readonly body: string;
}

const noBody: Sent = { what: "no body", lines: [], body: "" };
const emptyBody: Sent = { what: "an empty chunked body", lines: ["Transfer-Encoding: chunked"], body: "0\r\n\r\n" };
const fullBody: Sent = {
  what: "a chunked body",
  lines: ["Transfer-Encoding: chunked"],
  body: "5\r\nhello\r\n0\r\n\r\n",
};

/** An upstream that can close the reused connection on which a request is on its way. */
function closingUpstream() {
  const used = new Set<number>();
  const state = { closesReused: false };
  const handler = (at: RawExchange): void => {
    if (state.closesReused && used.has(at.connection)) {
      state.closesReused = false;
      at.reset();
      return;
    }
    used.add(at.connection);
    if (at.head.startsWith("HEAD ")) at.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n");
    else say(at, at.head.split(" ")[1] ?? "");
  };
  return { state, handler };
}

/** What the next users get, and the senders of requests that the upstream closed their connection on. */
async function afterRetries(
  lab: Lab,
  state: { closesReused: boolean },
  method: string,
  { what, lines, body }: Sent,
): Promise<Finding> {
  const senders: string[] = [];
  const others: string[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await ask(lab, "public.test", [], "GET /first");
    state.closesReused = true;
    senders.push(statusOf(await ask(lab, "public.test", lines, `${method} /odd`, body, 1500)));
    state.closesReused = false;
    const next = await ask(lab, "public.test", [], "GET /next", "", 1500);
    others.push(next.endsWith("/next") ? "right" : `wrong (${statusOf(next)})`);
  }
  const isControl = body === "";
  return {
    what: `${isControl ? "control: " : ""}${method} with ${what}`,
    holds: others.every((answer) => answer === "right") && (!isControl || senders.every((status) => status === "200")),
    seen: `next users ${tally(others)}, senders ${tally(senders)}`,
    wanted: `next users right ${rounds} times`,
  };
}

/** What comes on the connection of the retry must be whole messages. */
const retry: Attack = {
  name: "retry",
  fault: "a retried request without its last chunk: the next user's request is read as a chunk",
  run() {
    const { state, handler } = closingUpstream();
    return withUpstream(handler, async (lab) => {
      const found: Finding[] = [];
      for (const method of ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])
        for (const sent of [noBody, emptyBody, fullBody]) found.push(await afterRetries(lab, state, method, sent));
      return found;
    });
  },
};

/** Every connection that was logged in stays so; the user is in the body of each answer. */
function loginPerConnection(): (at: RawExchange) => void {
  const users = new Map<number, string>();
  return (at) => {
    const [, scheme, message] = /\r\nauthorization: (ntlm|negotiate) (\S+)/i.exec(at.head) ?? [];
    if (message === "type1") {
      users.set(at.connection, "");
      return say(at, "challenge", "401 U", [`WWW-Authenticate: ${scheme} type2`]);
    }
    // as IIS: the last message counts only on the connection of the challenge
    if (message !== undefined && users.get(at.connection) === "") users.set(at.connection, message);
    const user = users.get(at.connection) ?? "";
    if (user === "") say(at, "nobody", "401 U", ["WWW-Authenticate: Negotiate", "WWW-Authenticate: NTLM"]);
    else say(at, `user ${user}`);
  };
}

/** A whole handshake on one client connection; true if the application then knows the user. */
async function logIn(
  socket: Socket,
  host: string,
  scheme: string,
  user: string,
  lines: readonly string[],
): Promise<boolean> {
  await askOn(socket, host, [...lines, `Authorization: ${scheme} type1`]);
  const text = await askOn(socket, host, [...lines, `Authorization: ${scheme} ${user}`]);
  return text.endsWith(`user ${user}`);
}

async function lentLogins(lab: Lab, host: string, scheme: string, alice: readonly string[], others: readonly string[]) {
  let through = 0;
  let lent = 0;
  for (let round = 0; round < rounds; round += 1) {
    const socket = open(lab);
    if (await logIn(socket, host, scheme, "alice", alice)) through += 1;
    const asked = [ask(lab, host, others), ask(lab, host, others), ask(lab, host, others)];
    for (const text of await Promise.all(asked)) if (text.includes("alice")) lent += 1;
    socket.destroy();
    if ((await ask(lab, host, others)).includes("alice")) lent += 1;
  }
  return { through, lent };
}

/** Two users behind a reverse proxy that sends both on one connection. */
async function sharedLogins(lab: Lab, alice: readonly string[], bob: readonly string[], host: string): Promise<number> {
  let lent = 0;
  for (let round = 0; round < rounds; round += 1) {
    const socket = open(lab);
    const front = "X-Forwarded-For: 198.51.100.7";
    await logIn(socket, host, "NTLM", "alice", [front, ...alice]);
    if ((await askOn(socket, host, [front, ...bob])).includes("alice")) lent += 1;
    socket.destroy();
  }
  return lent;
}

const connectionLogin: Attack = {
  name: "connection-login",
  fault: "an upstream connection with an NTLM or Negotiate login is lent to another client",
  run: () =>
    withUpstream(loginPerConnection(), async (lab) => {
      const found: Finding[] = [];
      const [alice, bob] = [[await lab.cookieOf("inside.test", "alice")], [await lab.cookieOf("inside.test", "bob")]];
      for (const scheme of ["NTLM", "Negotiate", "ntlm"])
        for (const [host, hers, his] of [
          ["public.test", [], []],
          ["inside.test", alice, bob],
        ] as const) {
          const { through, lent } = await lentLogins(lab, host, scheme, hers, his);
          found.push({
            what: `${scheme} at ${host}`,
            holds: lent === 0 && through === rounds,
            seen: `alice came through ${through} of ${rounds} times, ${lent} of ${rounds * 4} requests of others came out as alice`,
            wanted: `${rounds} and 0`,
          });
        }
      for (const [host, hers, his] of [
        ["public.test", [], []],
        ["inside.test", alice, bob],
      ] as const) {
        const lent = await sharedLogins(lab, hers, his, host);
        const seen = `${lent} of ${rounds} requests of the other user came out as alice`;
        found.push({
          what: `two users on one connection of a reverse proxy at ${host}`,
          holds: lent === 0,
          seen,
          wanted: "0",
        });
      }
      return [...found, await controlOfReuse()];
    }),
};

/** Without a login, connections are shared: else the attack would prove nothing. */
async function controlOfReuse(): Promise<Finding> {
  const found = await withUpstream(
    (at) => say(at, "ok"),
    async (lab, upstream) => {
      for (let round = 0; round < rounds; round += 1) await ask(lab, "public.test");
      const opened = upstream.connections();
      const seen = `${opened} connections for ${rounds} requests`;
      return [{ what: "control: connections without a login are reused", holds: opened === 1, seen, wanted: "1" }];
    },
  );
  const [control] = found;
  if (control === undefined) throw new Error("the control found nothing");
  return control;
}

/** Bytes that no request asked for, on a connection that is idle: the next user must not get them. */
const unasked: Attack = {
  name: "unasked-answer",
  fault: "an upstream sends an answer that no request asked for, and the next user gets it",
  run() {
    const handler = (at: RawExchange): void => {
      say(at, at.head.split(" ")[1] ?? "");
      if (at.head.startsWith("GET /odd "))
        setTimeout(() => at.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"), 20);
    };
    return withUpstream(handler, async (lab) => {
      const answers: string[] = [];
      for (let round = 0; round < rounds; round += 1) {
        await ask(lab, "public.test", [], "GET /odd");
        await Bun.sleep(60);
        answers.push((await ask(lab, "public.test", [], "GET /next")).endsWith("/next") ? "right" : "wrong");
      }
      const holds = answers.every((answer) => answer === "right");
      return [
        { what: "an answer on an idle connection", holds, seen: tally(answers), wanted: `right ${rounds} times` },
      ];
    });
  },
};

/** An upstream that accepts and then says nothing: no socket may be held longer than the limits say. */
const silentTls: Attack = {
  name: "silent-tls",
  fault: "an upstream that never begins its TLS handshake keeps a descriptor for each request",
  async run() {
    const silent = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const lab = await startLab({
      public: `internal_host = "https://127.0.0.1:${silent.port}"\nskip_path_regex = "^/"`,
    });
    const before = lab.sockets();
    const statuses = await Promise.all(
      Array.from({ length: 20 }, async () => statusOf(await ask(lab, "public.test", [], "GET /", "", 15_000))),
    );
    await Bun.sleep(1000);
    const left = lab.sockets() - before;
    await lab.stop();
    silent.stop(true);
    return [
      {
        what: "20 requests to an upstream whose TLS never begins",
        holds: left <= 0 && statuses.every((status) => status === "504"),
        seen: `${left} sockets are left, clients got ${tally(statuses)}`,
        wanted: '0 and {"504":20}',
      },
    ];
  },
};

export const upstreamAttacks: readonly Attack[] = [retry, connectionLogin, unasked, silentTls];
