import { dirname } from "node:path";
import type { FileLayer } from "./file-layer.ts";
import { DELETION_BYTES } from "./limits.ts";
import { UNFINISHED } from "./snapshot-format.ts";

/**
 * Deletes a spent snapshot beside a running journal, a part at a time and each part durably: a frame's sync waits for what the disk is
 * told meanwhile, and to give back 1.4 GB at once takes it a third of a second. Rejects with the system's error; what is left of the
 * file then, or after a crash, has the name of an unfinished one and goes with the next start.
 */
export async function deleteSpent(layer: FileLayer, path: string, step: number = DELETION_BYTES): Promise<void> {
  const spent = `${path}${UNFINISHED}`;
  layer.rename(path, spent);
  // On the disk before the first byte goes, so that no crash leaves a part of a snapshot under the name of a whole one.
  await layer.syncDirectoryInBackground(dirname(path));
  const handle = layer.open(spent, "update");
  try {
    for (let left = layer.size(handle) - step; left > 0; left -= step) {
      await layer.truncateInBackground(handle, left);
      await layer.datasyncInBackground(handle);
    }
  } finally {
    layer.close(handle);
  }
  await layer.unlinkInBackground(spent);
}
