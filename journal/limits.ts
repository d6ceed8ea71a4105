/**
 * Every limit of the journal, with why it has that value. What the format fixes (sizes of headers, hashes, sectors) stands with
 * the layouts; the largest frame follows from FRAME_BODY_BYTES_MAX of the engine.
 */

/** Bytes of a segment unless configured: large enough that rotation is rare, small enough to be zeroed in the background. */
export const SEGMENT_BYTES_DEFAULT: number = 64 << 20;

/** Bytes of the smallest segment: a header, one small frame, the seal. Tests use it. */
export const SEGMENT_BYTES_MIN: number = 4 << 10;

/** Bytes of the largest configured segment: recovery reads one whole segment into memory. */
export const SEGMENT_BYTES_MAX: number = 512 << 20;

/** Bytes of a group's name; the headers have as much room. */
export const GROUP_BYTES_MAX = 64;

/** Characters of a state hash; the snapshot's header has as much room. */
export const STATE_HASH_BYTES_MAX = 128;

/** Zero-filling in one `idle` call: about 0.1 ms into the page cache. */
export const SLICE_BYTES: number = 256 << 10;

/** Zero-filling in one `idle` call when frames come so large that slices would not keep ahead of them. */
export const SLICE_BYTES_MAX: number = 4 << 20;

/** `idle` calls between two attempts to prepare a segment, so that a full disk is not asked after every frame. */
export const RETRY_AFTER_IDLES = 1000;

/**
 * Bytes of a prepared segment between background syncs: a frame's sync may have to wait for one. With 8 MiB one frame in a
 * thousand took 4 ms, with 1 MiB 1.2 ms, at the same throughput.
 */
export const PREPARATION_SYNC_BYTES: number = 1 << 20;

/** Bytes of a snapshot between background syncs: it must not leave the kernel a heap to write when a frame's sync comes. */
export const SNAPSHOT_SYNC_BYTES: number = 16 << 20;

/** Bytes of the buffer that a snapshot is written from, unless a chunk is larger: the engine's have 1 MiB and a little. */
export const STAGING_BYTES: number = 2 << 20;

/** Bytes of a spent snapshot that are given back at once: a few ms of the disk. */
export const DELETION_BYTES: number = 16 << 20;

/** Snapshots kept: the newest to start from, and one more for when that one is damaged. */
export const SNAPSHOTS_KEPT = 2;

/** Bytes of a snapshot read at once. */
export const READ_BYTES: number = 4 << 20;

/** Bytes that a reader reads at once, unless a frame is larger: about a page of results with what follows. */
export const WINDOW_BYTES: number = 256 << 10;

/** Bytes of a segment between two remembered frames: what a seek reads and skips at most. */
export const SPACING_BYTES: number = 64 << 10;
