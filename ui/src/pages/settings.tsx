// What can be chosen for the whole program.

import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

import type { AccessMode, Settings, View } from "../generated";
import { ChoiceField, Switch } from "../parts/fields";
import { useWish } from "../parts/wish";
import type { Target } from "../state";
import { About } from "./about";

/** All settings of the program, and what it is. */
export function SettingsPage(props: { view: View | null; target: Target }): JSX.Element {
  const about = useRef<HTMLElement>(null);
  const hasView = props.view !== null;
  useEffect(() => {
    if (!hasView || !props.target.about) return;
    about.current?.scrollIntoView({ block: "start" });
    about.current?.focus({ preventScroll: true });
  }, [hasView, props.target]);

  if (props.view === null) return <></>;
  return (
    <>
      <h1 class="aloud">Settings</h1>
      <Choices view={props.view} />
      <p class="quiet elsewhere">
        Name, gateway and pairing of this computer are on Overview.
      </p>
      <About view={props.view} aboutRef={about} />
    </>
  );
}

function Choices({ view }: { view: View }): JSX.Element {
  const wish = useWish();
  const { settings } = view;
  return (
    <>
      <section class="card switches" aria-label="General">
        <Switch
          label="Start at login"
          hint="Starts in the background, without this window."
          on={settings.start_at_login}
          why={whyRefused(view, "start_at_login")}
          onTurn={(on) => wish({ request: "start_at_login", on })}
        />
        <Switch
          label="Notifications"
          hint="When somebody asks for something, or a connection is lost for long."
          on={settings.notifications}
          why={whyRefused(view, "notifications")}
          onTurn={(on) => wish({ request: "save", settings: { ...settings, notifications: on } })}
        />
      </section>
      <section class="card" aria-label="Devices and senders">
        <ChoiceField
          label="Look for devices and senders that ask"
          choices={MODES}
          value={settings.access}
          why={whyRefused(view, "access")}
          onChoose={(access) => wish({ request: "save", settings: { ...settings, access } })}
        />
        <p class="quiet">
          It takes the right “operator.pairing” of the gateway, on a second connection with the
          gateway's own token. The connection that carries your chats never has that right.
        </p>
        <Elsewhere view={view} />
      </section>
    </>
  );
}

/** A refusal that belongs to none of the fields here still must be read. */
function Elsewhere({ view }: { view: View }): JSX.Element | null {
  const { refused } = view;
  if (refused === null || refused.slot !== null || refused.field in view.settings) return null;
  return (
    <p class="why" role="alert">
      {refused.why}
    </p>
  );
}

function whyRefused(view: View, field: keyof Settings): string | null {
  const { refused } = view;
  return refused?.slot === null && refused.field === field ? refused.why : null;
}

const MODES: readonly { value: AccessMode; label: string; hint: string }[] = [
  { value: "off", label: "Never", hint: "Devices and Senders stay empty." },
  {
    value: "shown",
    label: "While I look",
    hint: "Only while Devices, Senders or Requests is in front.",
  },
  { value: "always", label: "Always", hint: "And tell me when one asks." },
];
