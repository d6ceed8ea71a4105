/** Entry of the thread that maps pages for all groups of the process; each group has a port to it. */
import { type MessagePort, parentPort } from "node:worker_threads";
import { assert } from "../../engine/index.ts";
import { type BlockPart, type LaterPart, mapPages } from "./prepared-blocks.ts";

/** Bytes mapped between two looks at the ports: a part that is needed at once waits for no more, some ms at the worst. */
const SLICE_BYTES = 2 << 20;

assert(parentPort !== null, "this file runs as a worker thread");
parentPort.on("message", (port: MessagePort) => port.on("message", take));

const later: LaterPart[] = [];

function take(part: BlockPart | LaterPart): void {
  if (!("mapped" in part)) mapPages(part);
  else if (later.push(part) === 1) setImmediate(mapSlice);
}

function mapSlice(): void {
  const { block, offset, bytes, mapped } = later[0]!;
  const slice = Math.min(bytes, SLICE_BYTES);
  mapPages({ block, offset, bytes: slice });
  mapped[0] = mapped[0]! + slice;
  if (slice === bytes) later.shift();
  else later[0] = { block, offset: offset + slice, bytes: bytes - slice, mapped };
  if (later.length > 0) setImmediate(mapSlice);
}
