// A long list, some of it at a time.

import type { JSX } from "preact";
import { useState } from "preact/hooks";

// A person reads one card at a time; hundreds at once would only make the page slow.
const PAGE_OF_CARDS = 30;

/** How many of `all` are shown, at least `atLeast`; and the button for more, where there are more. */
export function useMore(all: number, atLeast = 0): { count: number; more: JSX.Element | null } {
  const [limit, setLimit] = useState(PAGE_OF_CARDS);
  const count = Math.min(all, Math.max(limit, atLeast));
  const rest = all - count;
  const more =
    rest === 0 ? null : (
      <div class="actions">
        <button type="button" onClick={() => setLimit(count + PAGE_OF_CARDS)}>
          Show {Math.min(PAGE_OF_CARDS, rest)} more of {rest}
        </button>
      </div>
    );
  return { count, more };
}
