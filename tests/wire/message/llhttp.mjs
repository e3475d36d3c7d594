/**
 * Reads what Node's llhttp makes of messages, strict as Node's servers are. stdin: per case a kind (0 request, 1 response), a length (4 bytes,
 * little-endian) and the bytes. stdout: one JSON line a case: {error} or {method, target, status, fields, body, ended}. Run by node, not by Bun.
 */
import { createRequire } from "node:module";

const { HTTPParser, methods } = createRequire(import.meta.url)("_http_common");

function read(kind, bytes) {
  const parser = new HTTPParser();
  const told = { fields: [], body: "", ended: false };
  parser.initialize(kind === 0 ? HTTPParser.REQUEST : HTTPParser.RESPONSE, {}, 65_536, 0);
  parser[HTTPParser.kOnHeaders] = (fields) => {
    if (!told.headed) told.fields.push(...fields);
  };
  parser[HTTPParser.kOnHeadersComplete] = (_major, _minor, fields, method, target, status, _text, upgrade) => {
    if (told.headed) return 0;
    Object.assign(told, {
      headed: true,
      method: methods[method],
      target,
      status,
      upgrade,
      fields: fields ?? told.fields,
    });
    return 0;
  };
  parser[HTTPParser.kOnBody] = (chunk) => {
    if (!told.ended) told.body += chunk.toString("latin1");
  };
  parser[HTTPParser.kOnMessageComplete] = () => {
    told.ended = true;
  };
  const result = parser.execute(bytes, 0, bytes.length);
  // What goes wrong after the first message's end is about the next one.
  const error = result instanceof Error && !told.ended ? result.code : undefined;
  return { ...told, error };
}

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const input = Buffer.concat(chunks);
const lines = [];
for (let at = 0; at < input.length; ) {
  const length = input.readUInt32LE(at + 1);
  lines.push(JSON.stringify(read(input[at], input.subarray(at + 5, at + 5 + length))));
  at += 5 + length;
}
process.stdout.write(`${lines.join("\n")}\n`);
