/** Progress over rows on stderr: a bar for the row under way on a terminal, and a line when it begins and ends. */
import { Progress } from "../http/progress.ts";
import { verdict } from "./output.ts";
import type { Finished, Watcher } from "./run.ts";
import type { BenchmarkRow } from "./table.ts";

/** Pause between redraws where the row itself tells nothing, ms. */
const REDRAW_MS = 500;

export class RowsProgress implements Watcher {
  readonly #count: number;
  readonly #stream: NodeJS.WriteStream;
  readonly #bar: Progress;
  readonly #begin = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #title = "";
  #index = 0;
  #rowBegin = 0;
  #part = 0;
  #what = "";

  constructor(count: number, stream: NodeJS.WriteStream = process.stderr) {
    this.#count = count;
    this.#stream = stream;
    this.#bar = new Progress(stream);
  }

  onStart(row: BenchmarkRow, index: number): void {
    this.#index = index;
    this.#title = `row ${index + 1} of ${this.#count}: ${row.id}`;
    this.#rowBegin = performance.now();
    this.#part = 0;
    this.#what = "";
    if (this.#stream.isTTY) this.#timer = setInterval(() => this.#draw(), REDRAW_MS);
    else this.#stream.write(`${this.#title}\n`);
  }

  onStep(part: number, what: string): void {
    this.#part = part;
    this.#what = what;
    if (this.#stream.isTTY) this.#draw();
  }

  onEnd(finished: Finished): void {
    clearInterval(this.#timer);
    this.#bar.end();
    const all = ((performance.now() - this.#begin) / 1000).toFixed(0);
    this.#stream.write(`${this.#title}, ${finished.seconds.toFixed(0)} s, ${all} s in all: ${verdict(finished)}\n`);
  }

  #draw(): void {
    const seconds = ((performance.now() - this.#rowBegin) / 1000).toFixed(0);
    const part = (this.#index + Math.min(this.#part, 1)) / this.#count;
    this.#bar.show(Math.min(part, 0.999), `${this.#title}, ${seconds} s, ${this.#what}`);
  }
}
