import { connect } from "node:net";
import { turns, waitUntil } from "../../fakes/waits.ts";
import { type Match, matchClient, type Received } from "./match.ts";
import { act, type ScriptFacts, type Step, stepsOf } from "./script.ts";
import { farewell, isFarewell, type ScriptedUpstream } from "./upstream.ts";

/** A row of tests/corpus/wire-conformance.toml; its head says what each part is. */
export interface ConformanceRow {
  readonly id?: string; //                         of the security plan
  readonly rfc: string;
  readonly fact: string;
  readonly client: string;
  readonly upstream: string | readonly string[];
  readonly upstream_got: string | readonly string[];
  readonly upstream_cut?: boolean;
  readonly client_got: string;
}

/** A proxy that rows are played through. */
export interface Proxied {
  readonly port: number;
  readonly upstream: ScriptedUpstream;
  readonly facts: ScriptFacts;
  /** Takes out what this proxy adds of its own. */
  readonly without: (bytes: string, side: "upstream" | "client") => string;
  readonly patience: number; //                    milliseconds to wait for what a row expects
  /** Is a difference reported at once, or after everything has arrived? */
  readonly settles: "at_once" | "late";
}

/** The result of a row: what each side received, beside what it should have received. */
export interface Played {
  readonly clientMatch: Match;
  readonly client: Received;
  readonly upstream: readonly string[];
  readonly upstreamIsCut: boolean; //              the last connection
}

/** Plays a row. A connection that stays open gets one more request at the end, so that a shifted answer is noticed. */
export async function playRow(row: ConformanceRow, proxied: Proxied): Promise<Played> {
  const { upstream, facts, without, patience } = proxied;
  upstream.begin(partsOf(row.upstream));
  const client = connectClient(proxied.port);
  const tidied = (): Received => ({ ...client.received(), bytes: without(client.received().bytes, "client") });
  await client.play(stepsOf(row.client, facts));
  const match = await settled(
    client,
    () => {
      const match = matchClient(row.client_got, tidied(), facts);
      return match === "different" && proxied.settles === "late" ? "partial" : match;
    },
    patience,
  );
  const clientMatch = match === "whole" && !tidied().isClosed ? await farewellTo(client, tidied, patience) : match;
  const asked = () => upstream.heard().filter(({ bytes }) => !isFarewell(bytes));
  if (row.upstream_cut === true) await waitUntil(() => asked().at(-1)?.isClosed === true, patience).catch(() => 0);
  const heard = asked();
  const played: Played = {
    clientMatch,
    client: tidied(),
    upstream: heard.map(({ bytes }) => withoutFarewell(without(bytes, "upstream"))),
    upstreamIsCut: heard.at(-1)?.isClosed === true,
  };
  client.destroy();
  await upstream.end();
  await turns(); // the proxy is to learn that its connections are gone
  return played;
}

/** The texts of a part that is one text or several; none if it is empty. */
export function partsOf(part: string | readonly string[]): readonly string[] {
  if (typeof part !== "string") return part;
  return part === "" ? [] : [part];
}

/** Sends one more request: its answer must come next, and alone. */
async function farewellTo(client: Client, tidied: () => Received, patience: number): Promise<Match> {
  const before = tidied().bytes;
  const wanted = before + farewell.answer;
  await client.play([{ kind: "send", bytes: `GET ${farewell.target} HTTP/1.1\r\nHost: app.test\r\n\r\n` }]);
  const end = (): Match => {
    const { bytes, isClosed } = tidied();
    if (bytes === wanted) return "whole";
    return wanted.startsWith(bytes) && !isClosed ? "partial" : "different";
  };
  return settled(client, end, patience);
}

function withoutFarewell(bytes: string): string {
  const at = bytes.indexOf(`GET ${farewell.target} `);
  return at === -1 ? bytes : bytes.slice(0, at);
}

interface Client {
  play(steps: readonly Step[]): Promise<void>;
  received(): Received;
  /** Resolves when something has arrived, or after `milliseconds`. */
  more(milliseconds: number): Promise<void>;
  destroy(): void;
}

function connectClient(port: number): Client {
  let bytes = "";
  let isClosed = false;
  let wake: () => void = () => undefined;
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
  const closed = () => {
    isClosed = true;
    wake();
  };
  socket.on("data", (data: Buffer) => {
    bytes += data.toString("latin1");
    wake();
  });
  socket.on("end", closed);
  socket.on("error", closed);
  socket.on("close", closed);
  const more = (milliseconds: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  return {
    received: () => ({ bytes, isClosed }),
    more,
    destroy: () => void socket.destroy(),
    async play(steps) {
      for (const step of steps) {
        if (step.kind === "await") {
          for (let turns = 0; turns < 50 && !bytes.includes(step.bytes) && !isClosed; turns += 1) await more(100);
        } else {
          await act(socket, step);
        }
      }
    },
  };
}

async function settled(client: Client, match: () => Match, patience: number): Promise<Match> {
  const latest = Date.now() + patience;
  for (;;) {
    const found = match();
    const left = latest - Date.now();
    if (found !== "partial" || left <= 0) return found;
    await client.more(left);
  }
}
