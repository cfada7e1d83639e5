// A device that may use the gateway: what is known of it, and what can be done to it.

import { Fragment, type JSX } from "preact";
import { useId, useState } from "preact/hooks";

import type { Device, Slot, Token } from "../generated";
import { spokenForeign } from "../logic/request";
import { ago, clock } from "../logic/time";
import { useNow } from "./clock";
import { fingerprint } from "./device-body";
import { DeviceActs, TokenActs } from "./device-acts";
import { Facts, foreign, foreignList, Scopes, Unlisted } from "./facts";
import { ForeignText } from "./text";

/** One line about a device, and the rest behind it. */
export function DeviceCard(props: { slot: Slot; device: Device; canRename: boolean }): JSX.Element {
  const { slot, device, canRename } = props;
  const [isOpen, setOpen] = useState(false);
  const id = useId();
  const why = useId();
  const name = device.label ?? device.name;
  const isNamed = name !== null && name.text !== "";
  return (
    <article class="card device" data-device={device.id} aria-labelledby={id}>
      <header>
        <h4 id={id}>{isNamed ? <ForeignText text={name} /> : "A device without a name"}</h4>
        {device.is_own && <span class="tag">This app</span>}
        {device.is_connected === true && <span class="tag good">Connected</span>}
        {device.is_changing && (
          <span class="tag busy" role="status">
            Changing…
          </span>
        )}
      </header>
      <Line device={device} />
      <details open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary aria-label={`Rights and changes of ${isNamed ? spokenForeign(name) : "this device"}`}>
          Rights and changes
        </summary>
        {isOpen && (
          <div class="device-details">
            <Details device={device} />
            {device.tokens.map((token) => (
              <TokenOfDevice key={token.role} slot={slot} device={device} token={token} why={why} />
            ))}
            <DeviceActs slot={slot} device={device} canRename={canRename} why={why} />
          </div>
        )}
      </details>
    </article>
  );
}

function Line({ device }: { device: Device }): JSX.Element {
  const now = useNow();
  const seen = device.last_seen_at_ms;
  return (
    <p class="quiet facts device-line">
      {device.platform !== null && <span>{foreign(device.platform)}</span>}
      {device.roles.length > 0 && (
        <span>
          {device.roles.map((role, index) => (
            <Fragment key={index}>
              {index > 0 && ", "}
              <ForeignText text={role} />
            </Fragment>
          ))}
        </span>
      )}
      <span>
        {device.is_connected === true
          ? "here now"
          : seen === null
            ? "never seen"
            : `seen ${ago(seen, now)}`}
      </span>
    </p>
  );
}

function Details({ device }: { device: Device }): JSX.Element {
  const now = useNow();
  const { approved_at_ms: approvedAt } = device;
  return (
    <>
      <Facts
        facts={[
          ["Calls itself", device.label === null ? null : (foreign(device.name) ?? "nothing")],
          ["Program", foreign(device.program)],
          ["Address", foreign(device.address)],
          ["Web page", foreign(device.origin)],
          ["Approved", approvedAt === null ? null : clock(approvedAt, now)],
          ["By", approver(device)],
          ["Key", fingerprint(device.id)],
          ["Roles", foreignList(device.roles)],
        ]}
      />
      {device.scopes.length > 0 && (
        <div>
          <p class="label">It may</p>
          <Scopes scopes={device.scopes} />
        </div>
      )}
      <Unlisted
        count={device.unlisted}
        what={device.unlisted === 1 ? "role or scope" : "roles and scopes"}
      />
      {device.node !== null && (
        <div>
          <p class="label">Agents may run on it</p>
          {device.node.commands.length === 0 ? (
            <p class="quiet">Nothing.</p>
          ) : (
            <ul class="commands">
              {device.node.commands.map((command, index) => (
                <li key={index} class="mono">
                  <ForeignText text={command} style="command" />
                </li>
              ))}
            </ul>
          )}
          <Facts facts={[["Abilities", foreignList(device.node.capabilities)]]} />
        </div>
      )}
    </>
  );
}

function approver(device: Device): JSX.Element | string | null {
  switch (device.approved_via?.text) {
    case "silent":
      return "the gateway itself, without asking";
    case "owner":
      return "the owner";
    case "bootstrap":
      return "a code for a phone";
    default:
      return foreign(device.approved_via);
  }
}

function TokenOfDevice(props: {
  slot: Slot;
  device: Device;
  token: Token;
  why: string;
}): JSX.Element {
  const { slot, device, token, why } = props;
  const now = useNow();
  const when = (at: number | null): string | null => (at === null ? null : clock(at, now));
  const used = token.last_used_at_ms;
  return (
    <div class="token">
      <p class="label">
        Token as <ForeignText text={{ text: token.role, missing: 0 }} />
        {token.revoked_at_ms !== null && <span class="tag bad">Revoked</span>}
      </p>
      <Facts
        facts={[
          ["Issued", when(token.created_at_ms)],
          ["Renewed", when(token.rotated_at_ms)],
          ["Revoked", when(token.revoked_at_ms)],
          ["Last used", used === null ? null : ago(used, now)],
          ["Carries", foreignList(token.scopes.map((scope) => scope.name))],
        ]}
      />
      {token.revoked_at_ms === null && (
        <TokenActs slot={slot} device={device} role={token.role} why={why} />
      )}
    </div>
  );
}
