/** Axes: where a value lies on one, and which values get a mark. */

export interface Axis {
  /** Place of a value, 0 to 1. */
  place(value: number): number;
  readonly ticks: readonly Tick[];
}

interface Tick {
  readonly value: number;
  readonly text: string;
}

/** Marks that a linear axis aims at. */
const TICKS = 5;

/** From zero, or from the least value where that is below, to at least the greatest. */
export function linearAxis(values: readonly number[], fromZero = true): Axis {
  const least = Math.min(...values, fromZero ? 0 : Number.POSITIVE_INFINITY);
  const greatest = Math.max(...values, least + Number.EPSILON);
  const step = niceStep((greatest - least) / TICKS || 1);
  const low = Math.floor(least / step) * step;
  const high = Math.max(Math.ceil(greatest / step) * step, low + step);
  const count = Math.round((high - low) / step);
  const ticks = Array.from({ length: count + 1 }, (_, i) => low + i * step);
  return {
    place: (value) => (value - low) / (high - low),
    ticks: ticks.map((value) => ({ value, text: short(value, step) })),
  };
}

/** Whole decades; values at or below zero lie on the least of them. */
export function logAxis(values: readonly number[]): Axis {
  const positive = values.filter((value) => value > 0);
  const least = Math.floor(Math.log10(Math.min(...positive, Number.POSITIVE_INFINITY)));
  const low = Number.isFinite(least) ? least : 0;
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...positive, 10 ** low))));
  return {
    place: (value) => (value <= 0 ? 0 : (Math.log10(value) - low) / (high - low)),
    ticks: Array.from({ length: high - low + 1 }, (_, i) => ({
      value: 10 ** (low + i),
      text: short(10 ** (low + i), 0),
    })),
  };
}

/** Percentiles that get a mark. */
const PERCENTILE_TICKS = [0, 50, 90, 99, 99.9, 99.99, 99.999] as const;

/** Nines of the last percentile that is told apart from 100, which lies one further. */
const NINES_MAX = 5;

/** Percentiles by the number of their nines, so that the tail, which is the point, is not one pixel. */
export function percentileAxis(): Axis {
  const nines = (percentile: number) => (percentile >= 100 ? NINES_MAX + 1 : -Math.log10(1 - percentile / 100));
  const marks = PERCENTILE_TICKS.map((value) => ({ value, text: String(value) }));
  return {
    place: (value) => nines(value) / (NINES_MAX + 1),
    ticks: [...marks, { value: 100, text: "max" }],
  };
}

/** 1, 2 or 5 times a power of ten, at least `step`. */
function niceStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  return [1, 2, 5, 10].map((factor) => factor * power).find((nice) => nice >= step * (1 - 1e-9)) ?? 10 * power;
}

/** A number on an axis: `12k`, `1.5M`, no more places than the step between marks has. */
export function short(value: number, step: number): string {
  const [divisor, suffix] = Math.abs(value) >= 1e6 ? [1e6, "M"] : Math.abs(value) >= 1e4 ? [1e3, "k"] : [1, ""];
  const size = (step || Math.abs(value)) / divisor;
  const places = size > 0 ? Math.min(6, Math.max(0, -Math.floor(Math.log10(size) + 1e-9))) : 0;
  return `${(value / divisor).toFixed(places)}${suffix}`;
}
