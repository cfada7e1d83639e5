// The log as the window keeps and filters it.

import type { LogLine } from "../generated";
import { clockSeconds } from "./time";

/** A line with a number that stays its own, so that lists keep their rows. */
export type Row = LogLine & { number: number };

/** How many lines are kept; older ones are in the files. */
export const KEPT_LINES = 2_000;

/** Levels, the gravest first. */
export const LEVELS = ["error", "warn", "info", "debug"] as const;

/** A level of the log. */
export type Level = (typeof LEVELS)[number];

/** The rows with newer lines at their end, at most [`KEPT_LINES`]. */
export function append(rows: readonly Row[], lines: readonly LogLine[]): Row[] {
  let number = (rows[rows.length - 1]?.number ?? 0) + 1;
  const all = [...rows, ...lines.map((line) => ({ ...line, number: number++ }))];
  return all.slice(-KEPT_LINES);
}

/** The rows at least as grave as `level` whose text or origin contains `wanted`, in any case. */
export function filter(rows: readonly Row[], level: Level, wanted: string): Row[] {
  const lowest = LEVELS.indexOf(level);
  const needle = wanted.trim().toLowerCase();
  return rows.filter(
    (row) =>
      gravity(row) <= lowest &&
      (needle === "" || `${row.from} ${row.text}`.toLowerCase().includes(needle)),
  );
}

/** The rows as text to paste elsewhere. */
export function asText(rows: readonly Row[]): string {
  return rows
    .map((row) => `${clockSeconds(row.at_ms)} ${row.level.padEnd(5)} ${row.from}: ${row.text}`)
    .join("\n");
}

// A level that is not known is never filtered away.
function gravity(row: Row): number {
  return LEVELS.findIndex((level) => level === row.level);
}
