import { expect, test } from "bun:test";
import { answerBody, forwardBody } from "../../src/wire/forward/answer-body.ts";
import { ChunkedReader, readTogether } from "../../src/wire/message/chunked.ts";

const limits = { extensionBytes: 4096, trailerBytes: 8192, trailerFields: 50 };
const tiny = (text: string) => `${[...text].map((letter) => `1\r\n${letter}\r\n`).join("")}`;

test("L3: the chunks of one read are given on together, however many they are", () => {
  const taken: string[] = [];
  const bytes = Buffer.from(`${tiny("abc")}28\r\n${"x".repeat(40)}\r\n${tiny("yz")}`);

  const reading = readTogether(new ChunkedReader(limits), bytes, 0, (data) => taken.push(data.toString()));

  expect(reading.kind).toBe("more");
  expect(taken).toEqual([`abc${"x".repeat(40)}yz`]);
});

test.each(Array.from({ length: 30 }, (_, cut) => cut))(
  "a message cut after %d bytes keeps its data and its end",
  (cut) => {
    const reader = new ChunkedReader(limits);
    const message = Buffer.from(`${tiny("hello")}3;a=b\r\nfoo\r\n0\r\nT: v\r\n\r\nGET /next`);
    const taken: string[] = [];
    const take = (data: Buffer) => taken.push(data.toString());

    const first = readTogether(reader, Buffer.from(message.subarray(0, cut)), 0, take);
    const second = readTogether(reader, Buffer.from(message.subarray(cut)), 0, take);

    expect(first.kind).toBe("more");
    expect(taken.join("")).toBe("hellofoo");
    expect(taken.length).toBeLessThanOrEqual(2);
    expect(second.kind === "end" && message.subarray(cut + second.at).toString()).toBe("GET /next");
  },
);

test("L3: an answer of tiny chunks goes to an HTTP/1.0 client with one write a read", () => {
  const body = answerBody({ kind: "chunked" }, "1.0");
  const written: string[] = [];
  const target = {
    writeBody: (bytes: Uint8Array) => written.push(Buffer.from(bytes).toString()),
    trailersForClient: () => [],
  };

  forwardBody(body, Buffer.from(tiny("abcdef")), 0, target);
  const progress = forwardBody(body, Buffer.from(`${tiny("gh")}0\r\n\r\n`), 0, target);

  expect(written).toEqual(["abcdef", "gh"]);
  expect(progress.kind).toBe("end");
});
