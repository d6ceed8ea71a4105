import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { sectorAligned } from "./bytes.ts";
import { DirectFiles } from "./direct-files.ts";

/** An open file of `bytes` ones in a temporary folder of `root`, and its direct descriptor if the system gives one. */
function open(root: string, bytes = 8192) {
  const folder = fs.mkdtempSync(join(root, "direct-"));
  const path = join(folder, "x");
  fs.writeFileSync(path, new Uint8Array(bytes).fill(1));
  const files = new DirectFiles();
  const handle = fs.openSync(path, "r+");
  files.open(handle, path);
  onTestFinished(() => {
    files.close(handle);
    fs.closeSync(handle);
    fs.rmSync(folder, { recursive: true });
  });
  return { files, handle, path, content: () => fs.readFileSync(path) };
}

/** Whether the folder's file system knows direct writes: those in memory do not. */
function isDirect(root: string): boolean {
  const { files, handle } = open(root);
  return files.write(handle, sectorAligned(512).fill(9), 0) === 512;
}

test("aligned sectors are written past the cache, and readers through the cache see them at once", (context) => {
  if (!isDirect(tmpdir())) context.skip("the temporary folder's file system has no direct writes");
  const { files, handle, content } = open(tmpdir());
  // Reading brings the old bytes into the cache, which the direct write must put out of force.
  expect(content().every((byte) => byte === 1)).toBe(true);
  for (const round of [2, 3, 4]) {
    const bytes = sectorAligned(2048).fill(round);
    expect(files.write(handle, bytes.subarray(512, 1536), 1024)).toBe(1024);
    const expected = Buffer.alloc(8192, 1).fill(round, 1024, 2048);
    expect(content()).toEqual(expected);
  }
});

test("a direct write goes over what was just written through the cache, and the other way round", (context) => {
  if (!isDirect(tmpdir())) context.skip("the temporary folder's file system has no direct writes");
  const { files, handle, content } = open(tmpdir());
  fs.writeSync(handle, new Uint8Array(3000).fill(5), 0, 3000, 100);
  expect(files.write(handle, sectorAligned(512).fill(6), 512)).toBe(512);
  fs.writeSync(handle, new Uint8Array(4).fill(7), 0, 4, 1022);
  const expected = Buffer.alloc(8192, 1).fill(5, 100, 3100).fill(6, 512, 1024).fill(7, 1022, 1026);
  expect(content()).toEqual(expected);
});

test.each([
  ["a part of a sector", sectorAligned(600), 0],
  ["a place inside a sector", sectorAligned(512), 8],
  ["memory at another address", new Uint8Array(512), 0],
] as const)("%s is left to the cache, with nothing written", (_what, bytes, position) => {
  const { files, handle, content } = open(tmpdir());
  expect(files.write(handle, bytes, position)).toBeUndefined();
  expect(files.write(handle, bytes, position)).toBeUndefined();
  expect(content().every((byte) => byte === 1)).toBe(true);
});

test("memory whose address the system refuses is left to the cache from then on; other memory is not", () => {
  let calls = 0;
  const strict = () => {
    calls++;
    throw Object.assign(new Error("EINVAL: invalid argument, write"), { code: "EINVAL" });
  };
  const { handle, path } = open(tmpdir());
  const files = new DirectFiles({ writeSync: strict });
  files.open(handle, path);
  onTestFinished(() => files.close(handle));
  if (!files.has(handle)) return;
  const [one, other] = [sectorAligned(1024), sectorAligned(1024)];
  for (const bytes of [one, one, one.subarray(512), other]) expect(files.write(handle, bytes, 0)).toBeUndefined();
  expect(calls).toBe(2);
});

test("the same off the calling thread: aligned sectors are written, other bytes and refused memory are left to the cache", async (context) => {
  if (!isDirect(tmpdir())) context.skip("the temporary folder's file system has no direct writes");
  const { files, handle, path, content } = open(tmpdir());
  expect(await files.writeInBackground(handle, sectorAligned(1024).fill(4), 512)).toBe(1024);
  expect(await files.writeInBackground(handle, sectorAligned(600), 0)).toBeUndefined();
  expect(content()).toEqual(Buffer.alloc(8192, 1).fill(4, 512, 1536));
  await expect(files.writeInBackground(handle, sectorAligned(512), 2 ** 52)).rejects.toMatchObject({ code: "EFBIG" });

  let calls = 0;
  const strict = new DirectFiles({
    write: async () => {
      calls++;
      throw Object.assign(new Error("EINVAL: invalid argument, write"), { code: "EINVAL" });
    },
  });
  strict.open(handle, path);
  onTestFinished(() => strict.close(handle));
  const refused = sectorAligned(512);
  for (let i = 0; i < 3; i++) expect(await strict.writeInBackground(handle, refused, 0)).toBeUndefined();
  expect(calls).toBe(1);
});

test("whole sectors are read past the cache into aligned memory, up to the end of the file; other reads are left to the cache", (context) => {
  if (!isDirect(tmpdir())) context.skip("the temporary folder's file system has no direct writes");
  const { path } = open(tmpdir(), 5000);
  const files = new DirectFiles();
  const handle = fs.openSync(path, "r");
  files.open(handle, path, false);
  onTestFinished(() => {
    files.close(handle);
    fs.closeSync(handle);
  });
  const target = sectorAligned(8192);
  expect(files.read(handle, target, 512)).toBe(4488);
  expect(target.indexOf(0)).toBe(4488);
  expect(files.read(handle, sectorAligned(600), 0)).toBeUndefined();
  expect(files.read(handle, target, 8)).toBeUndefined();
  expect(files.read(handle, new Uint8Array(512), 0)).toBeUndefined();
  // A descriptor that is for reading only.
  expect(() => files.write(handle, sectorAligned(512), 0)).toThrow(expect.objectContaining({ code: "EBADF" }));
});

test("other failures are told: nothing is hidden behind a second attempt", () => {
  const { files, handle } = open(tmpdir());
  const bytes = sectorAligned(512);
  if (files.write(handle, bytes, 0) === undefined) return;
  expect(() => files.write(handle, bytes, 2 ** 52)).toThrow(expect.objectContaining({ code: "EFBIG" }));
});

test.runIf(fs.existsSync("/dev/shm"))("a file system in memory works without", () => {
  const { files, handle, content } = open("/dev/shm");
  const bytes = sectorAligned(512).fill(3);
  if (files.write(handle, bytes, 0) === undefined) fs.writeSync(handle, bytes, 0, 512, 0);
  expect(content()[511]).toBe(3);
});
