// What did not change keeps its identity, so that only what did is drawn again, and so that what a
// person has seen of a request counts for exactly what was asked.

import type { Pending } from "../generated";

/** The requests of a new view, each the same object as before where it says the same. */
export function kept(before: readonly Pending[], after: readonly Pending[]): Pending[] {
  const known = new Map(before.map((pending) => [pending.key, pending]));
  return after.map((pending) => {
    const old = known.get(pending.key);
    if (old === undefined) return pending;
    if (textOf(old) === textOf(pending)) return old;
    if (textOf(old.subject) !== textOf(pending.subject)) return pending;
    return { ...pending, subject: old.subject };
  });
}

const texts = new WeakMap<object, string>();

function textOf(value: object): string {
  let text = texts.get(value);
  if (text === undefined) {
    text = JSON.stringify(value);
    texts.set(value, text);
  }
  return text;
}
