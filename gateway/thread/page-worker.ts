/** Entry of the thread that maps pages for all groups of the process; each group has a port to it. */
import { type MessagePort, parentPort } from "node:worker_threads";
import { assert } from "../../engine/index.ts";
import { type BlockPart, mapPages } from "./prepared-blocks.ts";

assert(parentPort !== null, "this file runs as a worker thread");
parentPort.on("message", (port: MessagePort) => port.on("message", (part: BlockPart) => mapPages(part)));
