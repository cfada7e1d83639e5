// What went wrong and what to do now; and what is good to know.

import type { ComponentChildren, JSX } from "preact";

import type { Problem } from "../generated";
import { NoteShape, WarningShape } from "./shapes";

/** A problem with its remedy, and what can be done at once. */
export function ProblemNote(props: {
  problem: Problem;
  children?: ComponentChildren;
}): JSX.Element {
  const { problem, children } = props;
  return (
    <div class="note problem" role="group" aria-label="Problem">
      <WarningShape />
      <div>
        <p class="what">{problem.what}</p>
        {problem.remedy !== null && <p class="remedy">{problem.remedy}</p>}
        {children}
      </div>
    </div>
  );
}

/** Something good to know, calmly. */
export function Note({ children }: { children: ComponentChildren }): JSX.Element {
  return (
    <div class="note">
      <NoteShape />
      <p>{children}</p>
    </div>
  );
}
