/** The report: that it stands alone, that nothing is drawn outside, and that axes are where they say. */
import { expect, test } from "vitest";
import type { Finished } from "../rows/run.ts";
import { BENCHMARK_ROWS } from "../rows/table.ts";
import type { Plot } from "../rows/types.ts";
import { reportHtml } from "./html.ts";
import { linearAxis, logAxis, percentileAxis } from "./scale.ts";
import { svgOf } from "./svg.ts";

const WILD: Plot = {
  title: "a <b> & c",
  xLabel: "x",
  yLabel: "y",
  lines: [{ name: "one", points: Array.from({ length: 4000 }, (_, i) => [i, i % 7 === 0 ? 0 : i ** 2] as const) }],
};

/** All x and y of the line's points. */
function pixels(svg: string): number[][] {
  const points = /points="([^"]*)"/.exec(svg)![1]!;
  return points.split(" ").map((pair) => pair.split(",").map(Number));
}

test.each(["linear", "log"] as const)("every point lies inside of the axes, %s", (yScale) => {
  const drawn = pixels(svgOf({ ...WILD, yScale }));
  expect(drawn.length).toBeGreaterThan(1000);
  for (const [x, y] of drawn) {
    expect(x).toBeGreaterThanOrEqual(64);
    expect(x).toBeLessThanOrEqual(744);
    expect(y).toBeGreaterThanOrEqual(12);
    expect(y).toBeLessThanOrEqual(220);
  }
});

test("thinning keeps the highest peak", () => {
  const points = Array.from({ length: 50_000 }, (_, i) => [i, i === 12_345 ? 1000 : 1] as const);
  const drawn = pixels(svgOf({ ...WILD, lines: [{ name: "one", points }] }));
  expect(drawn.length).toBeLessThan(2000);
  expect(Math.min(...drawn.map(([, y]) => y!))).toBe(12);
});

test("axes: round marks, whole decades, nines", () => {
  expect(linearAxis([3, 47_000]).ticks.map(({ text }) => text)).toEqual(["0", "10k", "20k", "30k", "40k", "50k"]);
  expect(linearAxis([-0.4, 1.1]).ticks.map(({ text }) => text)).toEqual(["-0.5", "0.0", "0.5", "1.0", "1.5"]);
  expect(logAxis([0, 0.2, 30]).ticks.map(({ text }) => text)).toEqual(["0.1", "1", "10", "100"]);
  const axis = percentileAxis();
  expect(axis.place(99.9) - axis.place(99)).toBeCloseTo(axis.place(99) - axis.place(90));
  expect(axis.place(100)).toBe(1);
});

test("the report names rows, why one did not run, and needs nothing from elsewhere", () => {
  const [first, second] = [BENCHMARK_ROWS[0]!, BENCHMARK_ROWS[3]!];
  const measurement = { value: 0.5, runs: [0.4, 0.5, 0.6], notes: ["<script>"], excluded: "the rest", plots: [WILD] };
  const all: Finished[] = [
    { row: first, seconds: 1, measurement, isMet: false, why: undefined, end: "measured" },
    { row: second, seconds: 1, measurement: undefined, isMet: false, why: "no such route", end: "cannot-run" },
  ];
  const machine = { machine: "m & n", node: "v24", commit: "abc" };
  const html = reportHtml(all, { machine, isQuick: true, at: new Date(0) });
  for (const part of [first.id, "0.4", "no such route", "m &amp; n", "a &lt;b&gt; &amp; c", "1970", "no claim"]) {
    expect(html).toContain(part);
  }
  expect(html).not.toMatch(/<script|<link|src=|https?:\/\/|@import|url\(/);
});
