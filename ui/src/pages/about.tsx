// What this program is, and its end.

import type { JSX, RefObject } from "preact";

import type { View } from "../generated";
import { ConfirmedButton } from "../parts/confirm";
import { useWish } from "../parts/wish";

/** Version, licence, and Quit. */
export function About(props: {
  view: View;
  aboutRef: RefObject<HTMLElement | null>;
}): JSX.Element {
  const wish = useWish();
  return (
    <section class="card" aria-labelledby="about" ref={props.aboutRef} tabIndex={-1}>
      <h2 id="about">About</h2>
      <p class="quiet">
        Sophon Desktop {props.view.version}
        <br />
        Licensed under the Apache License 2.0
      </p>
      <div class="actions">
        <ConfirmedButton
          label="Quit Sophon Desktop…"
          question="Quit Sophon Desktop?"
          consequence={
            props.view.installations.some((seat) => seat.standing.state === "paired")
              ? "Your phone will show this computer as away until Sophon Desktop runs again."
              : "Closing the window is enough if it should keep running."
          }
          yes="Quit"
          no="Keep it running"
          onYes={() => wish({ request: "quit" })}
        />
      </div>
    </section>
  );
}
