/** Maps the pages of one block over and over, as no page thread does, so that a harmful mapping would show. */
import { parentPort, workerData } from "node:worker_threads";
import { mapPages } from "../prepared-blocks.ts";

const block = workerData as SharedArrayBuffer;
parentPort!.postMessage("begun");
for (let i = 0; i < 20_000; i++) mapPages({ block, offset: 0, bytes: block.byteLength });
