import { expect, test } from "bun:test";
import type { HeaderLine, HeaderLines } from "../../../src/core/http/header-lines.ts";
import {
  isNavigation,
  isWebSocketUpgrade,
  type NavigationObstacle,
  navigationObstacle,
} from "../../../src/core/http/navigation.ts";

/** `Name: value` lines, for names of tests that can be read. */
const lines = (text: string): HeaderLines =>
  text.split(" & ").flatMap((line): HeaderLine[] => {
    const [name = "", value = ""] = line.split(": ");
    return name === "" ? [] : [[name, value]];
  });

test.each([
  ["GET", ""],
  ["HEAD", ""],
  ["GET", "Accept: */*"],
  ["GET", "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"],
  ["GET", "Accept: text/html, application/json"],
  ["GET", "Sec-Fetch-Mode: navigate"],
  ["GET", "Accept: image/png"],
  ["GET", "Accept: application/jsonp"],
])("decision 9: %s with %j can be a navigation", (method, headers) => {
  expect(isNavigation(method, lines(headers))).toBe(true);
});

test.each([
  ["POST", "Sec-Fetch-Mode: navigate"],
  ["PUT", ""],
  ["OPTIONS", ""],
  ["get", ""],
  ["GET", "Sec-Fetch-Mode: cors"],
  ["GET", "Sec-Fetch-Mode: no-cors"],
  ["GET", "Sec-Fetch-Mode: websocket"],
  ["GET", "Sec-Fetch-Mode: "],
  ["GET", "X-Requested-With: XMLHttpRequest"],
  ["GET", "x-requested-with: xmlhttprequest"],
  ["GET", "Accept: application/json"],
  ["GET", "Accept: application/vnd.api+json;q=1"],
  ["GET", "Accept: text/json"],
  ["GET", "Connection: keep-alive, Upgrade & Upgrade: WebSocket"],
  ["GET", "Sec-WebSocket-Version: 13 & Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="],
])("decision 9: %s with %j is not a navigation", (method, headers) => {
  expect(isNavigation(method, lines(headers))).toBe(false);
});

test.each<[string, string, NavigationObstacle]>([
  ["POST", "Sec-Fetch-Mode: navigate", { kind: "method" }],
  ["GET", "Connection: upgrade & Upgrade: websocket", { kind: "web_socket" }],
  ["GET", "Accept: */* & Sec-Fetch-Mode: cors", { kind: "header", line: ["Sec-Fetch-Mode", "cors"] }],
  ["GET", "accept: text/json", { kind: "header", line: ["accept", "text/json"] }],
  ["GET", "Sec-WebSocket-Key: x", { kind: "header", line: ["Sec-WebSocket-Key", "x"] }],
])("%s with %j: the sign that it is not a navigation", (method, headers, obstacle) => {
  expect(navigationObstacle(method, lines(headers))).toEqual(obstacle);
});

test.each([
  ["Connection: Upgrade & Upgrade: websocket", true],
  ["Connection: close & Connection: x, upgrade & Upgrade: h2c, WebSocket", true],
  ["Upgrade: websocket", false],
  ["Connection: Upgrade", false],
  ["Connection: Upgrade & Upgrade: h2c", false],
  ["Connection: Upgraded & Upgrade: websocket", false],
])("UPS-16: %j asks for a WebSocket: %p", (headers, asks) => {
  expect(isWebSocketUpgrade(lines(headers))).toBe(asks);
});
