import { expect, test } from "bun:test";
import { FrameTrack } from "../../../src/wire/forward/frames.ts";
import { frame, maskedFrame } from "./tunnel-fakes.ts";

const sizes = [0, 1, 125, 126, 127, 65535, 65536, 70_000];

test.each(sizes)("the end of a frame of %i bytes is found, masked or not", (size) => {
  const payload = "x".repeat(size);

  for (const whole of [frame(0x82, payload), maskedFrame(0x82, payload)]) {
    const bytes = Buffer.from(`${whole}\x81`, "latin1");
    expect(new FrameTrack().nextBoundary(bytes, 0)).toBe(whole.length);
  }
});

test("frames are followed wherever they are cut", () => {
  const stream = Buffer.from(
    sizes.map((size) => frame(0x02, "y".repeat(size)) + maskedFrame(0x89, "p")).join(""),
    "latin1",
  );

  for (const step of [1, 2, 3, 7, 1000]) {
    const track = new FrameTrack();
    let between = 0;
    for (let at = 0; at < stream.length; at += step) {
      track.follow(stream.subarray(at, at + step));
      if (track.isBetweenFrames()) between += 1;
    }
    expect(track.isBetweenFrames()).toBe(true);
    if (step === 1) expect(between).toBe(2 * sizes.length);
  }
});

test("the middle of a frame's head is not a boundary", () => {
  const bytes = Buffer.from(frame(0x82, "x".repeat(300)), "latin1");

  for (const part of [1, 2, 3, 4, 5, 303]) {
    const track = new FrameTrack();
    track.follow(bytes.subarray(0, part));
    expect(track.isBetweenFrames()).toBe(false);
  }
});
