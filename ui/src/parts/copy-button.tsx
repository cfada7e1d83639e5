// A button that copies, and says for a moment that it did.

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import { copy } from "./copy";

/** Puts a text on the clipboard. */
export function CopyButton(props: {
  label: string;
  text: () => string;
  isOff?: boolean;
}): JSX.Element {
  const [outcome, setOutcome] = useState<string | null>(null);
  useEffect(() => {
    if (outcome === null) return;
    const timer = setTimeout(() => setOutcome(null), 2_000);
    return () => clearTimeout(timer);
  }, [outcome]);
  return (
    <button
      type="button"
      class="copy"
      aria-disabled={props.isOff === true}
      onClick={async () => {
        if (props.isOff !== true) setOutcome((await copy(props.text())) ? "Copied" : "Not copied");
      }}
    >
      <span aria-live="polite">{outcome ?? props.label}</span>
    </button>
  );
}
