import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type FileLayer, readFully, writeFully, writeFullyInBackground } from "./file-layer.ts";
import { nodeLayer } from "./node-layer.ts";
import { MemoryDisk } from "./testing/memory-disk.ts";
import { override } from "./testing/override.ts";

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "layer-"));
});
afterEach(() => rmSync(root, { recursive: true }));

/** What the crash tests believe of the disk in memory must hold for the real one. */
const LAYERS: [string, () => [FileLayer, string]][] = [
  ["real", () => [nodeLayer, join(root, "a/b")]],
  ["in memory", () => [new MemoryDisk(), "/a/b"]],
];

test.each(LAYERS)("the %s layer keeps the contract of files and names", async (_name, make) => {
  const [layer, directory] = make();
  layer.mkdir(directory);
  layer.mkdir(directory);
  const path = join(directory, "x");
  expect(() => layer.open(path, "read")).toThrow(expect.objectContaining({ code: "ENOENT" }));
  expect(() => layer.open(path, "update")).toThrow(expect.objectContaining({ code: "ENOENT" }));
  const handle = layer.open(path, "create");
  expect(() => layer.open(path, "create")).toThrow(expect.objectContaining({ code: "EEXIST" }));
  writeFully(layer, handle, Buffer.from("hello"), 1000);
  await writeFullyInBackground(layer, handle, Buffer.from("HE"), 1000);
  layer.datasync(handle);
  await layer.datasyncInBackground(handle);
  expect(layer.size(handle)).toBe(1005);
  const target = Buffer.alloc(10, 1);
  expect(readFully(layer, handle, target, 998)).toBe(7);
  expect(target.toString("latin1")).toBe("\0\0HEllo\x01\x01\x01");
  expect(await layer.readInBackground(handle, target, 2000)).toBe(0);
  layer.close(handle);
  expect(() => layer.size(handle)).toThrow(expect.objectContaining({ code: "EBADF" }));
  layer.rename(path, join(directory, "y"));
  layer.syncDirectory(directory);
  expect(layer.list(directory)).toEqual(["y"]);
  layer.unlink(join(directory, "y"));
  expect(layer.list(directory)).toEqual([]);
  expect(() => layer.unlink(join(directory, "y"))).toThrow(expect.objectContaining({ code: "ENOENT" }));
  expect(layer.freeBytes(directory)).toBeGreaterThan(0);
});

test("files are not readable for others", () => {
  const path = join(root, "x");
  nodeLayer.close(nodeLayer.open(path, "create"));
  expect(statSync(path).mode & 0o007).toBe(0);
});

test("writes and reads go on after short ones, until all is there", async () => {
  const disk = new MemoryDisk();
  const dribble = override(disk, {
    write: (handle: number, bytes: Uint8Array, position: number) => disk.write(handle, bytes.subarray(0, 3), position),
    writeInBackground: async (handle: number, bytes: Uint8Array, position: number) =>
      disk.write(handle, bytes.subarray(0, 3), position),
    read: (handle: number, target: Uint8Array, position: number) => disk.read(handle, target.subarray(0, 2), position),
  });
  const handle = disk.open("/x", "create");
  writeFully(dribble, handle, Buffer.from("0123456789"), 0);
  await writeFullyInBackground(dribble, handle, Buffer.from("abcdefgh"), 10);
  const target = Buffer.alloc(30);
  expect(readFully(dribble, handle, target, 0)).toBe(18);
  expect(target.toString("latin1", 0, 18)).toBe("0123456789abcdefgh");
});

test("a write that writes nothing ends in an error, not in a loop", () => {
  const stuck = override(new MemoryDisk(), { write: () => 0 });
  expect(() => writeFully(stuck, 1, new Uint8Array(8), 0)).toThrow(expect.objectContaining({ code: "EIO" }));
});
