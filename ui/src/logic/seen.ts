// Which part of a long text a person had on the screen.

/** A stretch of a text, as fractions of its height between 0 and 1. */
export type Stretch = { from: number; to: number };

/** Vertical edges on the screen, in CSS pixels. */
export type Edges = { top: number; bottom: number };

// Edges fall between pixels at fractional zoom; a stretch this short hides no line.
const SLACK_PX = 2;

/** The stretch of a text that shows through its box, where the box itself is on the screen. */
export function stretchShown(text: Edges, box: Edges, screen: Edges): Stretch | null {
  const height = text.bottom - text.top;
  const top = Math.max(text.top, box.top, screen.top);
  const bottom = Math.min(text.bottom, box.bottom, screen.bottom);
  if (height <= 0 || bottom <= top) return null;
  return {
    from: Math.max(0, (top - SLACK_PX - text.top) / height),
    to: Math.min(1, (bottom + SLACK_PX - text.top) / height),
  };
}

/** What was seen before and what is seen now, joined where they touch, in order. */
export function join(seen: readonly Stretch[], more: Stretch): Stretch[] {
  const joined: Stretch[] = [];
  for (const next of [...seen, more].sort((a, b) => a.from - b.from)) {
    const last = joined[joined.length - 1];
    if (last !== undefined && next.from <= last.to) last.to = Math.max(last.to, next.to);
    else joined.push({ ...next });
  }
  return joined;
}

/** Whether no part is missing. */
export function sawAll(seen: readonly Stretch[]): boolean {
  return seen.some((stretch) => stretch.from <= 0 && stretch.to >= 1);
}
