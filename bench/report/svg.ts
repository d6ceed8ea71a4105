/** A plot as inline SVG: no script, no network, so that the report is one file that opens anywhere. */
import type { Plot, PlotLine } from "../rows/types.ts";
import { type Axis, linearAxis, logAxis, percentileAxis } from "./scale.ts";
import { escapeHtml } from "./text.ts";

const WIDTH = 760;
const HEIGHT = 260;
const LEFT = 64;
const RIGHT = 16;
const TOP = 12;
const BOTTOM = 40;

/** Told apart in grey and by the colour-blind (Okabe and Ito). */
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00"] as const;

/** Points of a line at most: more than pixels only make the file long. */
const POINTS_MAX = 1500;

interface Frame {
  readonly x: Axis;
  readonly y: Axis;
}

export function svgOf(plot: Plot): string {
  const points = plot.lines.flatMap(({ points }) => points);
  if (points.length === 0) return "";
  const frame: Frame = {
    x: plot.xScale === "percentiles" ? percentileAxis() : linearAxis(points.map(([x]) => x)),
    y: plot.yScale === "log" ? logAxis(points.map(([, y]) => y)) : linearAxis(points.map(([, y]) => y)),
  };
  const lines = plot.lines.map((line, i) => drawn(line, frame, COLOURS[i % COLOURS.length]!, plot.isDots === true));
  return [
    `<figure><figcaption>${escapeHtml(plot.title)}</figcaption>`,
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(plot.title)}">`,
    ...axes(frame, plot),
    ...lines,
    "</svg>",
    legend(plot.lines),
    "</figure>",
  ].join("\n");
}

function pixelX({ x }: Frame, value: number): string {
  return (LEFT + x.place(value) * (WIDTH - LEFT - RIGHT)).toFixed(1);
}

function pixelY({ y }: Frame, value: number): string {
  return (HEIGHT - BOTTOM - y.place(value) * (HEIGHT - TOP - BOTTOM)).toFixed(1);
}

function axes(frame: Frame, { xLabel, yLabel }: Plot): string[] {
  const [right, bottom] = [WIDTH - RIGHT, HEIGHT - BOTTOM];
  const middle = (TOP + bottom) / 2;
  return [
    ...frame.y.ticks.flatMap(({ value, text }) => {
      const y = pixelY(frame, value);
      return [
        `<line class="grid" x1="${LEFT}" x2="${right}" y1="${y}" y2="${y}"/>`,
        `<text class="tick" x="${LEFT - 6}" y="${y}" text-anchor="end" dominant-baseline="middle">${text}</text>`,
      ];
    }),
    ...frame.x.ticks.flatMap(({ value, text }) => {
      const x = pixelX(frame, value);
      return [
        `<line class="grid" x1="${x}" x2="${x}" y1="${TOP}" y2="${bottom}"/>`,
        `<text class="tick" x="${x}" y="${bottom + 14}" text-anchor="middle">${text}</text>`,
      ];
    }),
    `<text class="label" x="${(LEFT + right) / 2}" y="${HEIGHT - 6}" text-anchor="middle">${escapeHtml(xLabel)}</text>`,
    `<text class="label" transform="translate(14 ${middle}) rotate(-90)" text-anchor="middle">${escapeHtml(yLabel)}</text>`,
  ];
}

function drawn(line: PlotLine, frame: Frame, colour: string, isDots: boolean): string {
  const pixels = thinned(line.points).map(([x, y]) => [pixelX(frame, x), pixelY(frame, y)] as const);
  if (isDots) return pixels.map(([x, y]) => `<circle cx="${x}" cy="${y}" r="4" fill="${colour}"/>`).join("");
  const path = pixels.map(([x, y]) => `${x},${y}`).join(" ");
  return `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="1.5"/>`;
}

/** Of each run of neighbours the highest point, so that a peak is never what is left out. */
function thinned(points: PlotLine["points"]): PlotLine["points"] {
  const run = Math.ceil(points.length / POINTS_MAX);
  if (run <= 1) return points;
  return Array.from({ length: Math.ceil(points.length / run) }, (_, i) =>
    points.slice(i * run, (i + 1) * run).reduce((highest, point) => (point[1] > highest[1] ? point : highest)),
  );
}

function legend(lines: readonly PlotLine[]): string {
  const items = lines.map(({ name }, i) => {
    const colour = COLOURS[i % COLOURS.length]!;
    return `<span><i style="background:${colour}"></i>${escapeHtml(name)}</span>`;
  });
  return `<p class="legend">${items.join("")}</p>`;
}
