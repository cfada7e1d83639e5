// Text of others, with marks in place of what would not be seen or is not what it looks like.

import { Fragment, type JSX } from "preact";
import { useMemo } from "preact/hooks";

import type { Foreign } from "../generated";
import { missingOf } from "../logic/request";
import { type Piece, pieces, spoken, type Style } from "../logic/visible-text";

// A text made of nothing but marks would freeze the page. Past so many pieces they have no colour,
// and stand in blocks of so many: the time to lay out a line grows with the square of its marks.
const STYLED_PIECES = 1_000;
const PIECES_OF_A_BLOCK = 100;
// Beside a mark, WebKit looks for the end of each line of an unbroken word from the word's beginning:
// 100 KB take it 20 s. Where a word may end every so many characters, they take it none.
const RUN = 500;
// What belongs to the character before it.
const CONTINUES = /^[\p{M}\u{dc00}-\u{dfff}]/u;

/** A text of others; see [`pieces`] for what is marked. */
export function Visible({ text, style = "line" }: { text: string; style?: Style }): JSX.Element {
  return useMemo(() => {
    const all = pieces(text, style);
    return (
      <>
        {all.slice(0, STYLED_PIECES).map(shown)}
        {blocks(all.slice(STYLED_PIECES)).map((block, index) => (
          <span key={index} class="block-of-marks">
            {spoken(block)}
          </span>
        ))}
      </>
    );
  }, [text, style]);
}

/** A name or another line that a stranger wrote, with how much of it is missing. */
export function ForeignText({ text, style = "line" }: { text: Foreign; style?: Style }): JSX.Element {
  return (
    <>
      {/* Its direction and its blanks are its own: nothing around it moves. */}
      <bdi class="foreign">
        <Visible text={text.text} style={style} />
      </bdi>
      {text.missing > 0 && <span class="missing">{missingOf(text)}</span>}
    </>
  );
}

/** A long plain text with places where its lines may end. */
function Run({ text }: { text: string }): JSX.Element {
  const runs: JSX.Element[] = [];
  for (let at = 0, end; at < text.length; at = end) {
    end = at + RUN;
    while (CONTINUES.test(text.charAt(end))) end += 1;
    runs.push(
      <Fragment key={at}>
        {text.slice(at, end)}
        <wbr />
      </Fragment>,
    );
  }
  return <>{runs}</>;
}

function blocks(all: readonly Piece[]): Piece[][] {
  const found: Piece[][] = [];
  for (let at = 0; at < all.length; at += PIECES_OF_A_BLOCK) {
    found.push(all.slice(at, at + PIECES_OF_A_BLOCK));
  }
  return found;
}

function shown(piece: Piece, index: number): JSX.Element | string {
  if ("plain" in piece) {
    return piece.plain.length <= RUN ? piece.plain : <Run key={index} text={piece.plain} />;
  }
  if ("mark" in piece) {
    return (
      <span key={index} class="hidden-character" title="Characters that cannot be seen">
        {piece.mark}
      </span>
    );
  }
  if ("odd" in piece) {
    return (
      <bdi key={index} class="look-alike" title="Not the plain Latin characters that they look like">
        {piece.odd}
        <span class="hidden-character">{piece.why}</span>
      </bdi>
    );
  }
  if ("rtl" in piece) return <bdi key={index}>{piece.rtl}</bdi>;
  if ("secret" in piece) {
    return (
      <span key={index} class="secret">
        {piece.secret}
      </span>
    );
  }
  return (
    <span key={index} class="tab-character">
      {"→\t"}
    </span>
  );
}
