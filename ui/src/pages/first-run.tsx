// The page of a computer that is not paired: one button, and a second way where the npm bridge was
// paired before.

import type { JSX } from "preact";

import type { NpmPairing, Problem, Slot } from "../generated";
import { ProblemNote } from "../parts/problem";
import { Visible } from "../parts/text";
import { useWish } from "../parts/wish";
import { TakeOver } from "./take-over";

/** What Sophon is for, why the last try ended if it did, and the ways to a pairing. */
export function FirstRun(props: {
  slot: Slot;
  problem: Problem | null;
  npm: NpmPairing | null;
  name: string;
}): JSX.Element {
  const wish = useWish();
  return (
    <div class="first-run">
      {/* Where there are two ways, both are in view. */}
      {props.npm === null && <Drawing />}
      <h1>{props.problem === null ? "Your agents, on your phone" : "Not paired yet"}</h1>
      {props.problem === null ? (
        <p class="lead">
          Chat from your phone with the AI agents that run on this computer. Pairing opens a page
          in your browser, where you confirm it with your Sophon account.
        </p>
      ) : (
        <ProblemNote problem={props.problem} />
      )}
      <button
        type="button"
        class="primary large"
        onClick={() => wish({ request: "pair", slot: props.slot })}
      >
        Pair this computer
      </button>
      <p class="quiet">
        Your phone will call it “<Visible text={props.name} />”. The name can be changed below.
      </p>
      {props.npm !== null && <TakeOver slot={props.slot} pairing={props.npm} />}
    </div>
  );
}

function Drawing(): JSX.Element {
  return (
    <svg class="drawing" viewBox="0 0 200 108" aria-hidden="true">
      <rect class="sheet" x="10" y="14" width="104" height="68" rx="8" />
      <path class="ground" d="M2 94h120" />
      <path class="stroke" d="M28 34h34M28 46h52M28 58h24" />
      <path class="strong" d="M124 50h24" />
      <circle class="strong-dot" cx="120" cy="50" r="3.5" />
      <circle class="strong-dot" cx="152" cy="50" r="3.5" />
      <rect class="sheet" x="158" y="8" width="40" height="86" rx="9" />
      <path class="bubble" d="M165 26a5 5 0 0 1 5-5h10a5 5 0 0 1 0 10h-10l-5 3z" />
      <path class="bubble strong-bubble" d="M191 48a5 5 0 0 0-5-5h-12a5 5 0 0 0 0 10h12l5 3z" />
    </svg>
  );
}
