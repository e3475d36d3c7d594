import { expect, test } from "bun:test";
import type { HeaderLines } from "../../../src/core/http/header-lines.ts";
import { type Wants, wantsOf } from "../../../src/http/pages/wants.ts";

const rows: readonly (readonly [sender: string, headers: HeaderLines, wants: Wants])[] = [
  ["nothing said", [], "text"],
  ["curl", [["Accept", "*/*"]], "text"],
  ["a browser's navigation", [["Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"]], "html"],
  [
    "a document load that accepts anything",
    [
      ["Accept", "*/*"],
      ["Sec-Fetch-Dest", "document"],
    ],
    "html",
  ],
  [
    "a document load that names JSON",
    [
      ["Accept", "application/json"],
      ["sec-fetch-dest", "document"],
    ],
    "html",
  ],
  ["a frame", [["Sec-Fetch-Dest", "iframe"]], "html"],
  [
    "an image",
    [
      ["Accept", "image/avif,image/*,*/*;q=0.8"],
      ["Sec-Fetch-Dest", "image"],
    ],
    "text",
  ],
  ["JSON", [["Accept", "application/json"]], "json"],
  ["JSON with a parameter", [["Accept", "application/json; charset=utf-8"]], "json"],
  ["problem JSON", [["Accept", "application/problem+json"]], "json"],
  ["any application type", [["Accept", "application/*"]], "json"],
  ["axios", [["Accept", "application/json, text/plain, */*"]], "json"],
  ["HTML and JSON alike", [["Accept", "application/json, text/html"]], "html"],
  ["JSON before HTML", [["Accept", "application/json, text/html;q=0.5"]], "json"],
  ["HTML before JSON", [["Accept", "application/json;q=0.5, text/html;q=0.9"]], "html"],
  ["HTML refused", [["Accept", "text/html;q=0, application/json;q=0.1"]], "json"],
  ["JSON refused", [["Accept", "application/json;q=0"]], "text"],
  ["an invalid quality", [["Accept", "text/html;q=lots"]], "text"],
  ["XHTML", [["Accept", "application/xhtml+xml"]], "html"],
  ["upper case", [["ACCEPT", "TEXT/HTML"]], "html"],
  [
    "two Accept lines",
    [
      ["Accept", "image/png"],
      ["Accept", "text/html"],
    ],
    "html",
  ],
  ["text", [["Accept", "text/plain"]], "text"],
  ["any text", [["Accept", "text/*"]], "text"],
  [
    "a script's fetch",
    [
      ["Accept", "*/*"],
      ["Sec-Fetch-Dest", "empty"],
    ],
    "json",
  ],
  [
    "a script's fetch for text",
    [
      ["Accept", "text/plain"],
      ["Sec-Fetch-Dest", "empty"],
    ],
    "text",
  ],
  [
    "XMLHttpRequest by name",
    [
      ["Accept", "*/*"],
      ["X-Requested-With", "XMLHttpRequest"],
    ],
    "json",
  ],
  ["a broken Accept", [["Accept", ",;,q=1,"]], "text"],
];

test.each(rows)("%s", (_, headers, wants) => {
  expect(wantsOf(headers)).toBe(wants);
});
