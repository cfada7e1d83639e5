// The page while a person is to confirm the pairing.

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import type { Slot, Ticket } from "../generated";
import { left } from "../logic/time";
import { useNow } from "../parts/clock";
import { QrCode } from "../parts/qr-code";
import { WarningShape } from "../parts/shapes";
import { useWish } from "../parts/wish";

/** The code, its QR code, and the time that is left; the same places before the code is there. */
export function PairingPage(props: {
  slot: Slot;
  ticket: Ticket | null;
  interrupted: string | null;
}): JSX.Element {
  const { slot, ticket, interrupted } = props;
  const wish = useWish();
  return (
    <div class="pairing">
      <header>
        <h1>Confirm in your browser</h1>
        <p class="quiet">
          {ticket === null
            ? "A page opens there in a moment. It shows the same code as this window, and asks you to confirm."
            : "A page has opened there. Compare the code and confirm, or scan the square with your phone."}
        </p>
      </header>
      {ticket === null ? (
        <Waiting />
      ) : (
        // The key starts the bar anew with a new code.
        <Code key={ticket.code} ticket={ticket} />
      )}
      <div class="actions pairing-actions">
        <button
          type="button"
          class="primary"
          aria-disabled={ticket === null}
          onClick={() => ticket !== null && wish({ request: "pair", slot })}
        >
          Open the page again
        </button>
        <CopyLink slot={slot} enabled={ticket !== null} />
        <button type="button" onClick={() => wish({ request: "cancel_pairing", slot })}>
          Cancel
        </button>
      </div>
      {interrupted !== null && (
        <div class="note problem" role="status">
          <WarningShape />
          <p>{interrupted}</p>
        </div>
      )}
    </div>
  );
}

function Waiting(): JSX.Element {
  return (
    <div class="ticket" role="status" aria-label="Sophon Cloud is being asked for a code">
      <div class="code bone" />
      <div class="qr bone" />
      <div class="time-left">
        <p class="quiet">Asking Sophon Cloud for a code…</p>
        <div class="bar" />
      </div>
    </div>
  );
}

function Code({ ticket }: { ticket: Ticket }): JSX.Element {
  const now = useNow();
  // How long the code lasts in all is not known: the bar begins full when it is first seen.
  const [seenAt] = useState(Date.now);
  const rest = Math.max(0, ticket.expires_at_ms - now);
  const share = Math.min(1, rest / Math.max(1, ticket.expires_at_ms - seenAt));
  return (
    <div class="ticket">
      <p class="code" role="group" aria-label={`Code ${[...ticket.code].join(" ")}`}>
        {ticket.code}
      </p>
      <QrCode
        path={ticket.qr_path}
        size={ticket.qr_size}
        label="QR code of the page to confirm on"
      />
      <div class="time-left">
        <p class="quiet">
          {rest === 0 ? "The code has ended." : `The code ends in ${left(ticket.expires_at_ms, now)}.`}
        </p>
        <div class="bar" aria-hidden="true">
          <Fill share={share} />
        </div>
      </div>
    </div>
  );
}

function Fill({ share }: { share: number }): JSX.Element {
  const fill = useRef<HTMLDivElement>(null);
  // Set through the object model: the content policy forbids style attributes.
  useEffect(() => {
    if (fill.current !== null) fill.current.style.transform = `scaleX(${share})`;
  }, [share]);
  return <div class="fill" ref={fill} />;
}

function CopyLink({ slot, enabled }: { slot: Slot; enabled: boolean }): JSX.Element {
  const wish = useWish();
  const [copied, setCopied] = useState(0);
  useEffect(() => {
    if (copied === 0) return;
    const timer = setTimeout(() => setCopied(0), 2_000);
    return () => clearTimeout(timer);
  }, [copied]);

  function copy(): void {
    if (!enabled) return;
    wish({ request: "copy_link", slot });
    setCopied(copied + 1);
  }

  return (
    <button type="button" class="copy" aria-disabled={!enabled} onClick={copy}>
      <span aria-live="polite">{copied > 0 ? "Copied" : "Copy link"}</span>
    </button>
  );
}
