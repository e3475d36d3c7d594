import { createServer, type Socket } from "node:net";
import { act, type ScriptFacts, type Step, stepsOf } from "./script.ts";

/** The upstream of the table: it answers the Nth request, on any connection, with the Nth part of the active row. */
export interface ScriptedUpstream {
  readonly port: number;
  /** Activates the parts of a row and forgets what arrived before. */
  begin(parts: readonly string[]): void;
  /** The bytes of each connection that brought some, in the order of opening; `closed`: by the other side. */
  heard(): readonly { readonly bytes: string; readonly isClosed: boolean }[];
  /** Closes all connections. */
  end(): Promise<void>;
  stop(): Promise<void>;
}

interface Heard {
  bytes: string;
  readFrom: number; //                             where the next request begins
  isAnswered: boolean; //                          before that request was whole
  isClosed: boolean;
  readonly socket: Socket;
  wake: () => void;
}

/** The request at the end of a row on a connection that is still usable, and its answer. */
export const farewell = {
  target: "/end-of-row",
  answer: "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nend",
} as const;

/** Does `bytes` begin with it? */
export function isFarewell(bytes: string): boolean {
  return bytes.startsWith(`GET ${farewell.target} `);
}

const early = "<early>\n";
const unexpected = "HTTP/1.1 599 Nothing Was To Come\nContent-Length: 0\n\n";

export async function startScriptedUpstream(facts: ScriptFacts): Promise<ScriptedUpstream> {
  let parts: readonly string[] = [];
  let asked = 0;
  let all: Heard[] = [];
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const heard: Heard = { bytes: "", readFrom: 0, isAnswered: false, isClosed: false, socket, wake: () => undefined };
    all.push(heard);
    socket.on("data", (data: Buffer) => {
      heard.bytes += data.toString("latin1");
      heard.wake();
      serve(heard);
    });
    const closed = () => {
      heard.isClosed = true;
      heard.wake();
    };
    socket.on("end", () => {
      closed();
      if (socket.writableLength === 0) socket.end();
    });
    socket.on("error", closed);
    socket.on("close", closed);
  });

  /** Answers the next request of a connection once it is whole, or once its head has arrived if the part is early. */
  function serve(heard: Heard): void {
    const text = heard.bytes.slice(heard.readFrom);
    const end = endOfRequest(text);
    const isEarly = endOfHead(text) !== null && parts[asked]?.startsWith(early) === true;
    if (!heard.isAnswered && (end !== null || isEarly)) {
      heard.isAnswered = true;
      void play(heard, nextSteps(text));
    }
    if (end === null) return;
    heard.readFrom += end;
    heard.isAnswered = false;
    serve(heard);
  }

  function nextSteps(request: string): readonly Step[] {
    if (isFarewell(request)) return [{ kind: "send", bytes: farewell.answer }];
    const part = parts[asked] ?? unexpected;
    asked += 1;
    return stepsOf(part.replace(early, ""), facts);
  }

  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    begin(next) {
      parts = next;
      asked = 0;
      all = all.filter(({ isClosed }) => !isClosed);
      for (const heard of all) Object.assign(heard, { bytes: "", readFrom: 0 });
    },
    heard: () => all.filter(({ bytes }) => bytes !== ""),
    async end() {
      const open = all.filter(({ socket }) => !socket.destroyed);
      const closing = open.map(({ socket }) => new Promise<void>((gone) => socket.once("close", () => gone())));
      for (const { socket } of open) socket.destroy();
      await Promise.all(closing);
    },
    async stop() {
      for (const { socket } of all) socket.destroy();
      await new Promise<void>((done) => server.close(() => done()));
    },
  };
}

async function play(heard: Heard, steps: readonly Step[]): Promise<void> {
  for (const step of steps) {
    if (step.kind === "await") await came(heard, step.bytes);
    else await act(heard.socket, step);
  }
}

async function came(heard: Heard, bytes: string): Promise<void> {
  while (!heard.bytes.includes(bytes) && !heard.isClosed) {
    await new Promise<void>((woken) => {
      heard.wake = woken;
    });
  }
}

function endOfHead(text: string): number | null {
  const end = text.indexOf("\r\n\r\n");
  return end === -1 ? null : end + 4;
}

/** Where the request at the beginning of `text` ends, by its framing; null: not yet. */
function endOfRequest(text: string): number | null {
  const head = endOfHead(text);
  if (head === null) return null;
  const fields = text.slice(0, head);
  if (/\r\ntransfer-encoding: *chunked/i.test(fields)) {
    const last = /(?:^|\r\n)0+(?:;[^\r]*)?\r\n(?:[^\r]+\r\n)*\r\n/.exec(text.slice(head));
    return last === null ? null : head + last.index + last[0].length;
  }
  const length = Number(/\r\ncontent-length: *(\d+)/i.exec(fields)?.[1] ?? 0);
  return text.length < head + length ? null : head + length;
}
