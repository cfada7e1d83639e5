// Joins the window to a program.

import { render } from "preact";
import { useCallback, useEffect, useReducer } from "preact/hooks";
import type { JSX } from "preact";

import { App } from "./app";
import type { Program } from "./bridge";
import type { Request } from "./generated";
import { WishContext } from "./parts/wish";
import { after, AT_FIRST } from "./state";

/** Shows the window for a program, from now on. */
export function run(program: Program, root: HTMLElement): void {
  render(<Window program={program} />, root);
}

function Window({ program }: { program: Program }): JSX.Element {
  const [state, happen] = useReducer(after, AT_FIRST);
  const onLost = useCallback((why: string) => happen({ message: "lost", why }), []);
  const wish = useCallback(
    (request: Request) => program.tell({ message: "wish", request }, onLost),
    [program, onLost],
  );
  useEffect(() => program.follow(happen, onLost), [program, onLost]);

  const hasView = state.view !== null;
  useEffect(() => {
    // The second frame begins after the first one was painted.
    if (hasView) afterPaint(() => program.tell({ message: "shown" }, onLost));
  }, [hasView, program, onLost]);

  // The program asks the gateway about devices and senders only while they are looked at.
  useEffect(() => program.tell({ message: "at", page: state.tab }, onLost), [
    state.tab,
    program,
    onLost,
  ]);

  return (
    <WishContext.Provider value={wish}>
      <App state={state} happen={happen} />
    </WishContext.Provider>
  );
}

function afterPaint(act: () => void): void {
  requestAnimationFrame(() => requestAnimationFrame(act));
}
