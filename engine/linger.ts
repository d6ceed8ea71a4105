/**
 * When the next frame waits for more requests. A frame costs the same for one request as for fifty, and clients that wait for their
 * answers all together come back one by one: frames of one or two then take the processor from them. Two crowds that take turns, one on
 * the disk while the other is on its way, keep everybody at work. So a frame waits until half of those are there that were under way
 * lately; but only while the gateway itself waits for requests, for where it is busy it fills the next frame during this one.
 */

/** Frames that are looked at without waiting, to see how the gateway does. */
const SAMPLE_FRAMES = 256;

/** Frames before it is looked at again. */
const LINGER_FRAMES = 2048;

/** The gateway waits for requests if so large a part of the frames found it asleep. */
const ASLEEP_SHARE = 0.25;

/** Requests under way below which frames never wait: answers would only come later. */
const REQUESTS_MIN = 16;

/** How much of the most under way is forgotten by a frame. */
const FORGET = 1 / 64;

export interface FrameLoad {
  /** Requests of the frame, and their bytes in the ring. */
  readonly requests: number;
  readonly bytes: number;
  /** Bytes in the ring once it was durable. */
  readonly waitingBytes: number;
  /** The gateway was asleep when the answers came. */
  readonly wasAsleep: boolean;
}

export class Linger {
  #frames = 0;
  #asleep = 0;
  #isLingering = false;
  /** Bytes of the requests that were under way together lately. */
  #underWay = 0;

  /** Bytes that should be there before the next frame begins; 0: whatever is there. */
  get wantedBytes(): number {
    return this.#isLingering ? this.#underWay / 2 : 0;
  }

  /** Tells of a frame. */
  note({ requests, bytes, waitingBytes, wasAsleep }: FrameLoad): void {
    this.#underWay = Math.max(bytes + waitingBytes, this.#underWay * (1 - FORGET));
    this.#frames++;
    if (wasAsleep) this.#asleep++;
    if (this.#underWay * requests < REQUESTS_MIN * bytes) this.#begin(false);
    else if (this.#isLingering) {
      if (this.#frames === LINGER_FRAMES) this.#begin(false);
    } else if (this.#frames === SAMPLE_FRAMES) this.#begin(this.#asleep > ASLEEP_SHARE * SAMPLE_FRAMES);
  }

  #begin(isLingering: boolean): void {
    this.#isLingering = isLingering;
    this.#frames = 0;
    this.#asleep = 0;
  }
}
