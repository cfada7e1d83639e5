// What the pages about devices and senders share: one section a gateway, and how it stands.

import type { ComponentChildren, JSX } from "preact";

import type { Access, View } from "../generated";
import { nameAmong } from "../logic/seats";
import { ProblemNote } from "../parts/problem";
import { useWish } from "../parts/wish";

/** The gateways that are asked, each with what `of` makes of it; or why none is. */
export function Gateways(props: {
  view: View;
  title: string;
  of: (access: Access) => JSX.Element;
}): JSX.Element {
  const { view, title, of } = props;
  if (view.settings.access === "off") {
    return (
      <>
        <h1>{title}</h1>
        <SwitchedOff view={view} />
      </>
    );
  }
  return (
    <>
      <h1>{title}</h1>
      {view.access.length === 0 && (
        <div class="empty">
          <p class="quiet">
            No OpenClaw can be asked: this computer is not paired, or paused. See Overview.
          </p>
        </div>
      )}
      {view.access.map((access) => (
        <Gateway key={access.slot} name={nameAmong(view, access.slot)}>
          <Standing access={access} />
          {of(access)}
        </Gateway>
      ))}
    </>
  );
}

function Gateway(props: { name: string | null; children: ComponentChildren }): JSX.Element {
  return (
    <section class="gateway" aria-label={props.name ?? "Gateway"}>
      {props.name !== null && <h2 class="gateway-name">{props.name}</h2>}
      {props.children}
    </section>
  );
}

function Standing({ access }: { access: Access }): JSX.Element | null {
  switch (access.standing.state) {
    case "off":
      return <p class="quiet">This gateway is not asked.</p>;
    case "connecting":
      return (
        <p class="quiet" role="status">
          Asking the gateway…
        </p>
      );
    case "up":
      return null;
    case "down":
      return (
        <>
          <ProblemNote problem={access.standing.problem} />
          {access.devices !== null && (
            <p class="quiet">What is below is as the gateway said it last.</p>
          )}
        </>
      );
  }
}

function SwitchedOff({ view }: { view: View }): JSX.Element {
  const wish = useWish();
  const { settings } = view;
  return (
    <section class="card switched-off" aria-labelledby="switched-off">
      <h2 id="switched-off">Switched off</h2>
      <p>
        Here you see who may use your OpenClaw gateway and who wants to: devices, and people who
        write to your agent in a messenger. You can let them in, turn them down, or remove them.
      </p>
      <p class="quiet">
        The gateway tells that only to who has the right “operator.pairing”. The connection that
        carries your chats never has it. Sophon Desktop takes it on a second one, with the gateway's
        own token, and closes that when you leave these pages, unless you want to be told always.
      </p>
      <div class="actions">
        <button
          type="button"
          class="primary"
          onClick={() => wish({ request: "save", settings: { ...settings, access: "shown" } })}
        >
          Look while this page is open
        </button>
        <button
          type="button"
          onClick={() => wish({ request: "save", settings: { ...settings, access: "always" } })}
        >
          Always, and tell me
        </button>
      </div>
      {view.refused?.slot === null && view.refused.field === "access" && (
        <p class="why" role="alert">
          {view.refused.why}
        </p>
      )}
    </section>
  );
}
