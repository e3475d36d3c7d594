import { describe, expect, test } from "bun:test";
import { openFilesIn, roomSizes } from "../../../src/core/bounds/connection-room.ts";

describe("DOS-04: how many connections a process of so many open files holds", () => {
  test.each([
    ["fewer than anything runs with", 32, { clients: 8, refused: 24, health: 8 }],
    ["a small shell's", 256, { clients: 96, refused: 24, health: 8 }],
    ["the usual soft limit", 1024, { clients: 448, refused: 48, health: 16 }],
    ["where the reserve stops growing", 8192, { clients: 3584, refused: 384, health: 128 }],
    ["the systemd unit's", 65_536, { clients: 32_256, refused: 384, health: 128 }],
    ["a container's", 1_048_576, { clients: 65_536, refused: 384, health: 128 }],
    ["no limit", Number.MAX_SAFE_INTEGER, { clients: 65_536, refused: 384, health: 128 }],
  ])("%s: %d", (_, openFiles, sizes) => {
    expect(roomSizes(openFiles)).toEqual(sizes);
  });

  test.each([128, 200, 1000, 1024, 4096, 20_000, 65_536])(
    "of %d, all connections with their upstreams and those being refused leave a few for all the rest",
    (openFiles) => {
      const { clients, refused, health } = roomSizes(openFiles);

      expect(openFiles - 2 * clients - refused - 2 * health).toBeGreaterThanOrEqual(24);
    },
  );
});

describe("DOS-04: the limit of open files in /proc/self/limits", () => {
  const text = (line: string) =>
    `Limit                     Soft Limit           Hard Limit           Units     \n${line}\nMax locked memory         8388608              8388608              bytes     \n`;

  test.each([
    ["a number", text("Max open files            1024                 524288               files     "), 1024],
    ["none", text("Max open files            unlimited            unlimited            files     "), 2 ** 53 - 1],
    ["no line", text("Max processes             127235               127235               processes "), null],
    ["nothing", "", null],
  ])("%s", (_, limits, expected) => {
    expect(openFilesIn(limits)).toBe(expected);
  });
});
