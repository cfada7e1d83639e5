// A code with which a phone joins the gateway.

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import type { Access, Setup, SetupLevel, Slot } from "../generated";
import { left, secondsLeft } from "../logic/time";
import { useNow } from "../parts/clock";
import { CopyButton } from "../parts/copy-button";
import { ChoiceField } from "../parts/fields";
import { QrCode } from "../parts/qr-code";
import { WarningShape } from "../parts/shapes";
import { useWish } from "../parts/wish";

/** What the phone may do, and the code while it is shown. */
export function PhoneSetup({ access }: { access: Access }): JSX.Element {
  const [isOpen, setOpen] = useState(false);
  const isAtWork = access.setup !== null;
  return (
    <details
      class="card phone-setup"
      open={isOpen || isAtWork}
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary>Set up a phone</summary>
      {(isOpen || isAtWork) && (
        <div class="phone-setup-body">
          <Stage slot={access.slot} setup={access.setup} />
        </div>
      )}
    </details>
  );
}

function Stage({ slot, setup }: { slot: Slot; setup: Setup | null }): JSX.Element {
  const wish = useWish();
  if (setup === null) return <Ask slot={slot} />;
  switch (setup.state) {
    case "making":
      return (
        <>
          <p class="quiet" role="status">
            Asking OpenClaw for a code…
          </p>
          <Hide slot={slot} label="Cancel" />
        </>
      );
    case "ready":
      return <Ready slot={slot} setup={setup} />;
    case "over":
      return (
        <>
          <p role="status">{setup.what}</p>
          <div class="actions">
            <button type="button" onClick={() => wish({ request: "hide_setup", slot })}>
              Done
            </button>
          </div>
        </>
      );
  }
}

function Ask({ slot }: { slot: Slot }): JSX.Element {
  const wish = useWish();
  const [level, setLevel] = useState<SetupLevel>("limited");
  return (
    <>
      <p class="quiet">
        With the code, an OpenClaw app on a phone joins this gateway by itself. It is like a
        password: whoever sees it first can join instead. OpenClaw is asked for it as
        administrator, this once.
      </p>
      <ChoiceField
        label="The phone may"
        choices={LEVELS}
        value={level}
        why={null}
        onChoose={setLevel}
      />
      <div class="actions">
        <button type="button" onClick={() => wish({ request: "set_up", slot, level })}>
          Show code
        </button>
      </div>
    </>
  );
}

function Ready(props: { slot: Slot; setup: Extract<Setup, { state: "ready" }> }): JSX.Element {
  const { slot, setup } = props;
  return (
    <>
      <p>
        Scan it with the OpenClaw app on the phone. The phone may: {MAY[setup.level]}
      </p>
      <div class="setup-code">
        <QrCode path={setup.qr_path} size={setup.qr_size} label="QR code for the phone" />
        <Rest until={setup.expires_at_ms} />
      </div>
      <details>
        <summary>The code as text</summary>
        <p class="secret-code mono" tabIndex={0} role="group" aria-label="Code for the phone">
          {setup.code}
        </p>
        <CopyButton label="Copy" text={() => setup.code} />
      </details>
      <p class="warning">
        <WarningShape />
        <span>Treat it like a password. Show it to nobody else.</span>
      </p>
      <Hide slot={slot} label="Hide" />
    </>
  );
}

function Rest({ until }: { until: number | null }): JSX.Element {
  const now = useNow();
  if (until === null) return <p class="quiet">When it ends is not known.</p>;
  return (
    <p class="quiet">
      {secondsLeft(until, now) === 0 ? "It has ended." : `It ends in ${left(until, now)}.`}
    </p>
  );
}

function Hide({ slot, label }: { slot: Slot; label: string }): JSX.Element {
  const wish = useWish();
  return (
    <div class="actions">
      <button type="button" onClick={() => wish({ request: "hide_setup", slot })}>
        {label}
      </button>
    </div>
  );
}

const MAY: Record<SetupLevel, string> = {
  limited: "everything but administration.",
  full: "everything, administration too.",
  node: "be used by agents, read, and talk.",
};

const LEVELS: readonly { value: SetupLevel; label: string; hint: string }[] = [
  {
    value: "limited",
    label: "Everything but administration",
    hint: "Read, write and talk to the agents, and answer their questions.",
  },
  {
    value: "full",
    label: "Everything, administration too",
    hint: "It can also change the gateway's settings, and let other devices in.",
  },
  {
    value: "node",
    label: "Be used by agents, read and talk",
    hint: "Agents can use what the phone offers once you allowed it.",
  },
];
