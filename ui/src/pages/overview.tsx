// The first page: how this computer stands with Sophon, and what to do now.

import type { JSX } from "preact";

import type { Identity, Paired, Problem, Pulse, Seat, View } from "../generated";
import { type Headline, headline, lockedOut, losses } from "../logic/health";
import { chosen, identityOf } from "../logic/seats";
import { useNow } from "../parts/clock";
import { IdentityCard, Rights } from "../parts/identity";
import { LinkRow } from "../parts/link-row";
import { Note, ProblemNote } from "../parts/problem";
import { StandingShape } from "../parts/shapes";
import { Visible } from "../parts/text";
import { useWish } from "../parts/wish";
import type { Happening, State } from "../state";
import { FirstRun } from "./first-run";
import { Installations } from "./installations";
import { PairingPage } from "./pairing";
import { SeatSettingsCard } from "./seat-settings";

type Happen = (happening: Happening) => void;

/** The overview: the installations where there are several, and how the chosen one stands. */
export function OverviewPage({ state, happen }: { state: State; happen: Happen }): JSX.Element {
  const { view } = state;
  const seat = view === null ? null : chosen(view, state.slot);
  if (view === null || seat === null) return <Skeleton />;
  return (
    <>
      {view.installations.length > 1 && (
        <Installations view={view} chosen={seat.slot} happen={happen} />
      )}
      {/* What is typed, asked or unfolded belongs to one installation. */}
      <CurrentInstallation
        key={`seat ${seat.slot}`}
        view={view}
        seat={seat}
        state={state}
        happen={happen}
      />
      <SeatSettingsCard key={`settings ${seat.slot}`} view={view} seat={seat} />
      {canPairAnother(view) && <PairAnother />}
      <Remarks view={view} />
    </>
  );
}

/** The first pairing comes before a second one. */
function canPairAnother(view: View): boolean {
  return view.installations.every((seat) => identityOf(seat.standing) !== null);
}

function PairAnother(): JSX.Element {
  const wish = useWish();
  return (
    <div class="actions another">
      <button type="button" class="plain" onClick={() => wish({ request: "pair", slot: null })}>
        Pair another account or gateway…
      </button>
    </div>
  );
}

function CurrentInstallation(props: {
  view: View;
  seat: Seat;
  state: State;
  happen: Happen;
}): JSX.Element {
  const { view, seat, state, happen } = props;
  const { slot, standing } = seat;
  switch (standing.state) {
    case "starting":
      return <Skeleton />;
    case "locked":
      return <Locked problem={standing.problem} />;
    case "unpaired":
      return (
        <FirstRun
          slot={slot}
          problem={standing.problem}
          npm={standing.npm}
          name={seat.settings.name}
        />
      );
    case "pairing":
      return (
        <PairingPage slot={slot} ticket={standing.ticket} interrupted={standing.interrupted} />
      );
    case "paired":
      return (
        <>
          {state.justPaired === slot && (
            <JustPaired identity={standing.identity} happen={happen} />
          )}
          <Connected
            seat={seat}
            paired={standing}
            pulse={state.pulses.find((pulse) => pulse.slot === slot) ?? null}
            waiting={view.pending.filter((pending) => pending.slot === slot).length}
            isNew={state.justPaired === slot}
            happen={happen}
          />
        </>
      );
    case "paused":
      return <Paused seat={seat} identity={standing.identity} />;
    case "revoked":
      return <Revoked seat={seat} identity={standing.identity} />;
  }
}

/** The headline of a page, with its shape. */
function Hero({ shown }: { shown: Headline }): JSX.Element {
  return (
    <header class="hero">
      <StandingShape standing={shown.standing} />
      <div>
        <h1>{shown.title}</h1>
        {shown.detail !== "" && <p class="quiet">{shown.detail}</p>}
      </div>
    </header>
  );
}

function Connected(props: {
  seat: Seat;
  paired: Paired;
  pulse: Pulse | null;
  waiting: number;
  isNew: boolean;
  happen: Happen;
}): JSX.Element {
  const { seat, paired, pulse, waiting, isNew, happen } = props;
  const now = useNow();
  const wish = useWish();
  const lost = losses(paired.undelivered);
  const locked = lockedOut(paired.locked);
  return (
    <>
      <Hero shown={headline({ state: "paired", ...paired }, now)} />
      {paired.storage !== null && <ProblemNote problem={paired.storage} />}
      {waiting > 0 && (
        <button
          type="button"
          class="card waiting"
          onClick={() => happen({ message: "turn", tab: "requests", keepFocus: false })}
        >
          <span>{waiting === 1 ? "1 request waits for you" : `${waiting} requests wait for you`}</span>
          <span aria-hidden="true">›</span>
        </button>
      )}
      <section class="card links" aria-label="Connections">
        <LinkRow name="Sophon Cloud" link={paired.cloud} beat={pulse?.cloud ?? null} now={now} />
        <LinkRow name="OpenClaw" link={paired.gateway} beat={pulse?.gateway ?? null} now={now} />
      </section>
      <Figures paired={paired} />
      {locked !== null && <Note>{locked}</Note>}
      {lost !== null && <Note>{lost}</Note>}
      {!isNew && <IdentityCard identity={paired.identity} pairedAt={seat.paired_at_ms} />}
      <div class="actions split">
        <p class="quiet">Pausing disconnects it until you resume.</p>
        <button type="button" onClick={() => wish({ request: "pause", slot: seat.slot })}>
          Pause
        </button>
      </div>
    </>
  );
}

function Figures({ paired }: { paired: Paired }): JSX.Element {
  return (
    <dl class="card figures">
      <div>
        <dt>Sessions in 24 h</dt>
        <dd>{paired.sessions_today}</dd>
      </div>
      <div>
        <dt>Answering</dt>
        <dd>{paired.running}</dd>
      </div>
      <div>
        <dt>Waiting</dt>
        <dd>{paired.queued}</dd>
      </div>
    </dl>
  );
}

function JustPaired({ identity, happen }: { identity: Identity; happen: Happen }): JSX.Element {
  return (
    <section class="card just-paired" role="status">
      <StandingShape standing="good" />
      <div>
        <h2>
          Paired as “<Visible text={identity.name} />”
        </h2>
        <p class="quiet">Open Sophon on your phone: this computer is there now.</p>
        <Rights identity={identity} />
        <button
          type="button"
          class="primary"
          onClick={() => happen({ message: "dismiss_just_paired" })}
        >
          Done
        </button>
      </div>
    </section>
  );
}

function Paused({ seat, identity }: { seat: Seat; identity: Identity }): JSX.Element {
  const wish = useWish();
  return (
    <>
      <Hero shown={headline({ state: "paused", identity }, 0)} />
      <div class="actions">
        <button type="button" class="primary" onClick={() => wish({ request: "resume", slot: seat.slot })}>
          Resume
        </button>
      </div>
      <IdentityCard identity={identity} pairedAt={seat.paired_at_ms} />
    </>
  );
}

function Revoked({ seat, identity }: { seat: Seat; identity: Identity }): JSX.Element {
  const wish = useWish();
  const shown = headline({ state: "revoked", identity }, 0);
  return (
    <>
      <Hero shown={shown} />
      <section class="card">
        <p>
          “<Visible text={identity.name} />” was removed from your Sophon account on the phone, so
          this computer no longer gets its messages. Pair it again to go on.
        </p>
        <div class="actions">
          <button type="button" class="primary" onClick={() => wish({ request: "pair", slot: seat.slot })}>
            Pair again
          </button>
        </div>
      </section>
    </>
  );
}

function Locked({ problem }: { problem: Problem }): JSX.Element {
  const wish = useWish();
  return (
    <>
      <Hero shown={headline({ state: "locked", problem }, 0)} />
      <ProblemNote problem={problem} />
      <div class="actions">
        <button type="button" class="primary" onClick={() => wish({ request: "retry_now" })}>
          Try again
        </button>
      </div>
    </>
  );
}

function Remarks({ view }: { view: View }): JSX.Element | null {
  const isTrayMissing = view.tray.state === "missing";
  if (!isTrayMissing && view.remarks.length === 0) return null;
  return (
    <section class="remarks" aria-label="Good to know">
      {isTrayMissing && (
        <Note>
          This desktop has no place for the tray icon, so there is none for now. Everything works
          without it: start Sophon Desktop again to open this window. On GNOME the AppIndicator
          extension brings a place for it.
        </Note>
      )}
      {view.remarks.map((remark) => (
        <Note key={remark}>{remark}</Note>
      ))}
    </section>
  );
}

function Skeleton(): JSX.Element {
  return (
    <div class="skeleton" role="status" aria-label="Starting">
      <h1 class="aloud">Starting</h1>
      <div class="bone wide" />
      <div class="bone block" />
      <div class="bone block short" />
    </div>
  );
}
