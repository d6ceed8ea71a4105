import { expect, test } from "vitest";
import { type FrameLoad, Linger } from "./linger.ts";

/** 20 requests of 100 bytes, 10 more in the ring by the end. */
const CROWD: FrameLoad = { requests: 20, bytes: 2000, waitingBytes: 1000, wasAsleep: true };

function after(frames: number, load: FrameLoad, linger = new Linger()): Linger {
  for (let i = 0; i < frames; i++) linger.note(load);
  return linger;
}

test("a frame waits for half of what was under way, once the gateway was seen asleep for 256 frames", () => {
  expect(after(255, CROWD).wantedBytes).toBe(0);
  expect(after(256, CROWD).wantedBytes).toBe(1500);
});

test("where the gateway is awake for three frames of four, none waits", () => {
  const linger = new Linger();
  for (let i = 0; i < 2560; i++) {
    linger.note({ ...CROWD, wasAsleep: i % 4 === 0 });
    expect(linger.wantedBytes).toBe(0);
  }
});

test("after 2,048 frames it is looked at again, without waiting", () => {
  const linger = after(256 + 2047, CROWD);
  expect(linger.wantedBytes).toBe(1500);
  linger.note(CROWD);
  expect(linger.wantedBytes).toBe(0);
  expect(after(255, CROWD, linger).wantedBytes).toBe(0);
  expect(after(1, CROWD, linger).wantedBytes).toBe(1500);
});

test("fewer than 16 requests under way never wait, and end the waiting of more", () => {
  const few = { requests: 10, bytes: 1000, waitingBytes: 500, wasAsleep: true };
  expect(after(1000, few).wantedBytes).toBe(0);
  const linger = after(256, CROWD);
  after(200, few, linger);
  expect(linger.wantedBytes).toBe(0);
  expect(after(255, CROWD, linger).wantedBytes).toBe(0);
});

test("the most under way is forgotten by and by", () => {
  const linger = after(256, { ...CROWD, requests: 200, bytes: 20_000, waitingBytes: 0 });
  expect(linger.wantedBytes).toBe(10_000);
  after(64, CROWD, linger);
  expect(linger.wantedBytes).toBeGreaterThan(3000);
  expect(linger.wantedBytes).toBeLessThan(4000);
  expect(after(200, CROWD, linger).wantedBytes).toBe(1500);
});
