// Who may use the gateways, and who wants to.

import type { JSX } from "preact";

import type { Access, Problem, Slot, View } from "../generated";
import { waitingOf } from "../logic/request";
import { DeviceCard } from "../parts/device-card";
import { useMore } from "../parts/more";
import { ProblemNote } from "../parts/problem";
import { RequestList } from "../parts/request-list";
import { useWish } from "../parts/wish";
import { Gateways } from "./gateways";
import { PhoneSetup } from "./phone-setup";

/** The devices of each gateway: those that ask, those that may, and a code for another one. */
export function DevicesPage({ view }: { view: View | null }): JSX.Element {
  if (view === null) return <></>;
  return (
    <Gateways
      view={view}
      title="Devices"
      of={(access) => <DevicesOf view={view} access={access} />}
    />
  );
}

function DevicesOf({ view, access }: { view: View; access: Access }): JSX.Element {
  const waiting = waitingOf(view.pending, ["device", "node"], access.slot);
  return (
    <>
      {access.news !== null && <NewsNote slot={access.slot} news={access.news} />}
      {waiting.length > 0 && (
        <>
          <h3>{waiting.length === 1 ? "1 asks" : `${waiting.length} ask`}</h3>
          <RequestList view={view} requests={waiting} target={null} />
        </>
      )}
      <Known access={access} />
      {(canSetUp(access) || access.setup !== null) && <PhoneSetup access={access} />}
    </>
  );
}

function canSetUp(access: Access): boolean {
  return access.can_set_up && access.standing.state === "up";
}

function Known({ access }: { access: Access }): JSX.Element | null {
  const devices = access.devices ?? [];
  const { count, more } = useMore(devices.length);
  if (access.devices === null) return null;
  return (
    <>
      <h3>{howMany(devices.length)}</h3>
      {access.unreadable > 0 && (
        <p class="missing">
          {access.unreadable === 1
            ? "1 more entry could not be understood, and is not shown."
            : `${access.unreadable} more entries could not be understood, and are not shown.`}
        </p>
      )}
      {devices.slice(0, count).map((device) => (
        <DeviceCard
          key={device.id}
          slot={access.slot}
          device={device}
          canRename={access.can_rename}
        />
      ))}
      {more}
    </>
  );
}

function howMany(devices: number): string {
  if (devices === 0) return "No device may use it yet";
  return devices === 1 ? "1 device may use it" : `${devices} devices may use it`;
}

function NewsNote({ slot, news }: { slot: Slot; news: Problem }): JSX.Element {
  const wish = useWish();
  return (
    <div class="news" role="alert">
      <ProblemNote problem={news}>
        <div class="actions">
          <button type="button" onClick={() => wish({ request: "dismiss_news", slot })}>
            Dismiss
          </button>
        </div>
      </ProblemNote>
    </div>
  );
}
