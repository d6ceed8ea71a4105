/** Progress on stderr, so that stdout holds the result alone: a bar on a terminal, else a line for each tenth. */

const WIDTH = 32;
const REDRAW_MS = 100;

export class Progress {
  readonly #stream: NodeJS.WriteStream;
  #drawnAt = 0;
  #tenth = -1;

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.#stream = stream;
  }

  /** Shows that `part` (0 to 1) of all is done, and what is under way. */
  show(part: number, what: string): void {
    const percent = Math.floor(Math.min(Math.max(part, 0), 1) * 100);
    if (!this.#stream.isTTY) {
      const tenth = Math.floor(percent / 10);
      if (tenth > this.#tenth) this.#stream.write(`${tenth * 10} % ${what}\n`);
      this.#tenth = Math.max(this.#tenth, tenth);
      return;
    }
    const now = performance.now();
    if (now - this.#drawnAt < REDRAW_MS && part < 1) return;
    this.#drawnAt = now;
    const full = Math.round((percent / 100) * WIDTH);
    const bar = "=".repeat(full).padEnd(WIDTH, " ");
    this.#stream.write(`\r[${bar}] ${String(percent).padStart(3)} % ${what}\x1b[K`);
  }

  /** Takes the bar away. */
  end(): void {
    if (this.#stream.isTTY) this.#stream.write("\r\x1b[K");
  }
}
