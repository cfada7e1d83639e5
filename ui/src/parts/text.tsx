// Text of others, with marks in place of what would not be seen.

import type { JSX } from "preact";
import { useMemo } from "preact/hooks";

import { type Piece, pieces } from "../logic/visible-text";

/** A text of others; see [`pieces`] for what is marked. */
export function Visible({ text }: { text: string }): JSX.Element {
  return useMemo(() => <>{pieces(text).map(shown)}</>, [text]);
}

function shown(piece: Piece, index: number): JSX.Element | string {
  if ("plain" in piece) return piece.plain;
  if ("mark" in piece) {
    return (
      <span key={index} class="hidden-character">
        {piece.mark}
      </span>
    );
  }
  return (
    <span key={index} class="tab-character">
      {"→\t"}
    </span>
  );
}
