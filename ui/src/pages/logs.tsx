// What happened, live.

import type { JSX } from "preact";
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";

import { asText, filter, KEPT_LINES, type Level, LEVELS, type Row } from "../logic/log";
import { clockSeconds } from "../logic/time";
import { CopyButton } from "../parts/copy-button";
import { Visible } from "../parts/text";
import { useWish } from "../parts/wish";

const LEVEL_LABELS: Record<Level, string> = {
  error: "Errors",
  warn: "Warnings",
  info: "Information",
  debug: "Everything",
};

/** The end of the log with its filters. */
export function LogsPage(props: { rows: readonly Row[]; folder: string }): JSX.Element {
  const [level, setLevel] = useState<Level>("debug");
  const [wanted, setWanted] = useState("");
  const [frozen, setFrozen] = useState<readonly Row[] | null>(null);
  const rows = frozen ?? props.rows;
  const shown = useMemo(() => filter(rows, level, wanted), [rows, level, wanted]);
  const missed = frozen === null ? 0 : last(props.rows) - last(frozen);

  return (
    <>
      <h1 class="aloud">Logs</h1>
      <div class="log-tools" role="group" aria-label="Filters">
        <select
          aria-label="Level"
          value={level}
          onChange={(event) => setLevel(levelOf(event.currentTarget.value))}
        >
          {LEVELS.map((one) => (
            <option key={one} value={one}>
              {LEVEL_LABELS[one]}
            </option>
          ))}
        </select>
        <input
          type="search"
          aria-label="Text to look for"
          placeholder="Filter"
          spellcheck={false}
          value={wanted}
          onInput={(event) => setWanted(event.currentTarget.value)}
        />
        <button
          type="button"
          aria-pressed={frozen !== null}
          onClick={() => setFrozen(frozen === null ? props.rows : null)}
        >
          Pause
        </button>
      </div>
      <Tail rows={shown} isFiltered={rows.length > 0} />
      <div class="actions log-foot">
        <p class="quiet" title={props.folder}>
          {footer(shown.length, rows.length, missed, frozen !== null)}
        </p>
        <CopyButton label="Copy" isOff={shown.length === 0} text={() => asText(shown)} />
        <OpenFolder />
      </div>
    </>
  );
}

function Tail({ rows, isFiltered }: { rows: readonly Row[]; isFiltered: boolean }): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const [follows, setFollows] = useState(true);
  const anchor = useRef<Anchor | null>(null);

  useLayoutEffect(() => {
    if (box.current === null) return;
    if (follows) box.current.scrollTop = box.current.scrollHeight;
    else keepPlace(box.current, anchor.current);
    anchor.current = anchorOf(box.current);
  }, [rows, follows]);

  function onScroll(): void {
    const element = box.current;
    if (element === null) return;
    anchor.current = anchorOf(element);
    setFollows(element.scrollHeight - element.scrollTop - element.clientHeight < 24);
  }

  return (
    <div class="log-frame">
      <div
        class="log"
        role="log"
        aria-live="off"
        aria-label="Log"
        tabIndex={0}
        ref={box}
        onScroll={onScroll}
      >
        {rows.length === 0 && (
          <p class="quiet nothing">
            {isFiltered ? "No line matches the filter." : "Nothing has happened yet."}
          </p>
        )}
        {rows.map((row) => (
          <Line key={row.number} row={row} />
        ))}
      </div>
      {!follows && (
        <button type="button" class="to-end" onClick={() => setFollows(true)}>
          Newest ↓
        </button>
      )}
    </div>
  );
}

/** A line that is on the screen, and where. */
type Anchor = { line: Element; top: number };

function anchorOf(box: HTMLElement): Anchor | null {
  const { left, top } = box.getBoundingClientRect();
  const line = document.elementFromPoint(left + 16, top + 16)?.closest(".line-of-log") ?? null;
  return line === null ? null : { line, top: line.getBoundingClientRect().top };
}

/** Undoes the jump that the oldest lines cause when they go. */
function keepPlace(box: HTMLElement, anchor: Anchor | null): void {
  if (anchor?.line.isConnected !== true) return;
  box.scrollTop += anchor.line.getBoundingClientRect().top - anchor.top;
}

function Line({ row }: { row: Row }): JSX.Element {
  // A line never changes: what is memorised is not compared again when others come.
  return useMemo(
    () => (
      <p class={`line-of-log ${row.level}`}>
        <time>{clockSeconds(row.at_ms)}</time>
        <span class="level">{row.level}</span>
        <span class="log-text">
          <span class="from">{row.from}</span> <Visible text={row.text} />
        </span>
      </p>
    ),
    [row.number],
  );
}

function OpenFolder(): JSX.Element {
  const wish = useWish();
  return (
    <button type="button" onClick={() => wish({ request: "open_log_folder" })}>
      Open folder
    </button>
  );
}

function footer(shown: number, all: number, missed: number, isPaused: boolean): string {
  if (isPaused) return missed === 0 ? "Paused" : `Paused, ${missed} new`;
  if (shown < all) return `${shown} of ${all} lines`;
  return all === KEPT_LINES ? `Last ${all} lines` : all === 1 ? "1 line" : `${all} lines`;
}

function last(rows: readonly Row[]): number {
  return rows[rows.length - 1]?.number ?? 0;
}

function levelOf(value: string): Level {
  return LEVELS.find((level) => level === value) ?? "debug";
}
