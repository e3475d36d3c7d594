import { pick } from "../../fakes/seeded.ts";
import { bytesOf, wireRows } from "./corpus.ts";

/** Makes a message: a row of the corpus with some changed bytes, or joined pieces that parsers read differently. */
export type CaseMaker = (random: () => number) => Buffer;

const startLines = [
  "GET / HTTP/1.1",
  "POST /a HTTP/1.1",
  "POST /a?b=c HTTP/1.0",
  "PUT //x/../%2F HTTP/1.1",
  "OPTIONS * HTTP/1.1",
  "GET http://app.test/x HTTP/1.1",
  "get / HTTP/1.1",
  "GET  / HTTP/1.1",
  "GET / HTTP/1.2",
  "GET / HTTP/1.1 ",
  "GET /\u00ff HTTP/1.1",
];
const statusLines = [
  "HTTP/1.1 200 OK",
  "HTTP/1.0 200 OK",
  "HTTP/1.1 204 ",
  "HTTP/1.1 304",
  "HTTP/1.1 101 S",
  "HTTP/1.1 100 C",
];
const fields = [
  "Content-Length: 5",
  "Content-Length: 0",
  "Content-Length:5\t",
  "content-length: 05",
  "Content-Length: +5",
  "Content-Length: 5, 5",
  "Content-Length : 5",
  "Content-Length: 99999999999999999999",
  "Transfer-Encoding: chunked",
  "Transfer-Encoding: chunked",
  "transfer-encoding:CHUNKED",
  "Transfer-Encoding: gzip, chunked",
  "Transfer-Encoding: identity",
  "Transfer-Encoding: x chunked",
  "Transfer-Encoding",
  "Connection: close",
  "Connection: keep-alive, Upgrade",
  "Upgrade: websocket",
  "Expect: 100-continue",
  "Host: app.test",
  "Host: evil.test",
  "X: a\rb",
  "X: a\nb",
  "X: \u0000",
  "X: \u00e4",
  "X:",
  ": x",
  " folded",
  "\tfolded",
  "X_Y.z~: 1",
  "Trailer: X",
];
const bodies = [
  "",
  "hello",
  "5\r\nhello\r\n0\r\n\r\n",
  '5;a="b"\r\nhello\r\n0\r\nX: 1\r\n\r\n',
  "5;a\nhello\r\n0\r\n\r\n",
  "0\r\n\r\n",
  "1\r\nx\r\n10000000000000000\r\n",
  "5 \r\nhello\r\n0\r\n\r\n",
  "0\r\nContent-Length: 1\r\n\n",
];
const lineEnds = [
  "\r\n",
  "\r\n",
  "\r\n",
  "\r\n",
  "\r\n",
  "\r\n",
  "\r\n",
  "\r\n",
  "\r\n",
  "\r\n",
  "\n",
  "\r",
  "\r\r\n",
  "\n\r",
];
const odd = [
  "\r",
  "\n",
  "\r\n",
  "\r\n\r\n",
  "\0",
  " ",
  "\t",
  ":",
  ",",
  ";",
  "\u000b",
  "\u007f",
  "\u0085",
  "\u00a0",
  "\u00ff",
  "0",
  "f",
  "G",
  "#",
  "/",
  '"',
  "=",
];

/** Makers by what they make. */
export async function caseMakers(): Promise<Readonly<Record<"request" | "response" | "chunked", CaseMaker>>> {
  const [requests, responses, chunked] = await Promise.all(
    ["wire-requests.toml", "wire-responses.toml", "wire-chunked.toml"].map(async (file) => {
      const { accepted, refused } = await wireRows(file);
      return [...accepted, ...accepted, ...refused].map(([, row]) => bytesOf(row).toString("latin1"));
    }),
  );
  return {
    request: makerOf(requests ?? [], (random) => message(random, pick(random, startLines), "Host: app.test")),
    response: makerOf(responses ?? [], (random) => message(random, pick(random, statusLines), "Date: x")),
    chunked: makerOf([...(chunked ?? []), ...bodies], (random) => `${pick(random, bodies)}${pick(random, bodies)}`),
  };
}

function makerOf(corpus: readonly string[], composed: (random: () => number) => string): CaseMaker {
  return (random) => {
    let text = random() < 0.5 ? pick(random, corpus) : composed(random);
    for (let count = Math.floor(random() * 4); count > 0; count -= 1) text = mutated(random, text);
    return Buffer.from(text, "latin1");
  };
}

function message(random: () => number, firstLine: string, usual: string): string {
  const lines = [firstLine, ...(random() < 0.9 ? [usual] : [])];
  for (let count = Math.floor(random() * 4); count > 0; count -= 1) lines.push(pick(random, fields));
  const strict = random() < 0.7;
  const head = lines.map((line) => `${line}${strict ? "\r\n" : pick(random, lineEnds)}`).join("");
  return `${head}${strict ? "\r\n" : pick(random, lineEnds)}${pick(random, bodies)}`;
}

function mutated(random: () => number, text: string): string {
  const at = Math.floor(random() * (text.length + 1));
  const to = Math.min(text.length, at + 1 + Math.floor(random() * 4));
  switch (Math.floor(random() * 6)) {
    case 0:
      return text.slice(0, at) + pick(random, odd) + text.slice(at);
    case 1:
      return text.slice(0, at) + text.slice(to);
    case 2:
      return text.slice(0, at) + String.fromCharCode(Math.floor(random() * 256)) + text.slice(at + 1);
    case 3:
      return text.slice(0, to) + text.slice(at);
    case 4:
      return text.slice(0, at) + pick(random, fields) + text.slice(at);
    default:
      return text.slice(0, at);
  }
}
