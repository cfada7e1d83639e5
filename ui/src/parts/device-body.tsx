// What a device asks, in full.

import type { JSX } from "preact";

import type { DeviceChange, DeviceRequest, Foreign, NodeRequest } from "../generated";
import { Facts, foreign, foreignList, Scopes, Unlisted } from "./facts";
import { Note } from "./problem";
import { WarningShape } from "./shapes";
import { ForeignText } from "./text";

/** A device that wants to join, or to be allowed more. */
export function DeviceBody({ request }: { request: DeviceRequest }): JSX.Element {
  const { change } = request;
  return (
    <>
      <Title name={change?.known_as ?? request.name} isOwn={request.is_own} />
      <p>{change === null ? "It wants to join the gateway." : "It is known, and wants a change."}</p>
      {change !== null && <Change change={change} name={request.name} />}
      <Facts
        facts={[
          ["Name", change === null || change.is_introduced_anew ? null : foreign(request.name)],
          ["Platform", foreign(request.platform)],
          ["Program", foreign(request.program)],
          ["Address", foreign(request.address) ?? "this computer"],
          ["Web page", foreign(request.origin)],
          ["Key", fingerprint(request.device)],
          [change === null ? "Roles" : "All roles", foreignList(request.roles)],
        ]}
      />
      {request.scopes.length > 0 && (
        <div>
          <p class="label">{change === null ? "It could" : "In all it could"}</p>
          <Scopes scopes={request.scopes} />
        </div>
      )}
      <Unlisted
        count={request.unlisted}
        what={request.unlisted === 1 ? "role or scope" : "roles and scopes"}
      />
      <p class="quiet">
        Name, platform and program are what it says of itself; only its key is proven. Once allowed,
        it can do all of this until you remove it.
      </p>
      {request.is_own && (
        <Note>This is the device as which this app itself signs in to the gateway.</Note>
      )}
    </>
  );
}

function Change({ change, name }: { change: DeviceChange; name: Foreign | null }): JSX.Element {
  return (
    <div class="change">
      <Facts
        facts={[
          ["Known as", foreign(change.known_as) ?? "no name"],
          ["Now says", change.is_introduced_anew ? (foreign(name) ?? "no name") : null],
          ["New roles", foreignList(change.new_roles)],
          ["Revoked", foreignList(change.revoked_roles)],
        ]}
      />
      {change.new_scopes.length > 0 && (
        <div>
          <p class="label">New: it could also</p>
          <Scopes scopes={change.new_scopes} />
        </div>
      )}
      {change.new_roles.length === 0 && change.new_scopes.length === 0 && (
        <p class="quiet">It asks for no role and no scope that it did not have.</p>
      )}
      {change.revoked_roles.length > 0 && (
        <Warning>Its token for the roles under “Revoked” was revoked; it wants a new one.</Warning>
      )}
      {change.is_introduced_anew && (
        <Warning>It names another name, platform or program than before.</Warning>
      )}
    </div>
  );
}

/** A device whose commands agents could run. */
export function NodeBody({ request }: { request: NodeRequest }): JSX.Element {
  return (
    <>
      <Title name={request.name} isOwn={false} />
      <p>Agents could run these commands on it:</p>
      {request.commands.length === 0 ? (
        <p class="quiet">It names none.</p>
      ) : (
        <ul class="commands">
          {request.commands.map((command, index) => (
            <li key={index} class="mono">
              <ForeignText text={command} style="command" />
            </li>
          ))}
        </ul>
      )}
      <Unlisted
        count={request.unlisted}
        what={
          request.unlisted === 1
            ? "ability, command or permission"
            : "abilities, commands and permissions"
        }
      />
      <Facts
        facts={[
          ["Abilities", foreignList(request.capabilities)],
          ["Permissions", foreignList(request.permissions)],
          ["Platform", foreign(request.platform)],
          ["Address", foreign(request.address) ?? "this computer"],
          ["Device", fingerprint(request.device)],
        ]}
      />
    </>
  );
}

/** The fingerprint of a key, to be compared. */
export function fingerprint(device: string): JSX.Element {
  return (
    <span class="mono fingerprint">
      <ForeignText text={{ text: device, missing: 0 }} style="command" />
    </span>
  );
}

function Title({ name, isOwn }: { name: Foreign | null; isOwn: boolean }): JSX.Element {
  return (
    <h2>
      {name === null || name.text === "" ? "A device without a name" : <ForeignText text={name} />}
      {isOwn && <span class="tag">This app</span>}
    </h2>
  );
}

function Warning({ children }: { children: string }): JSX.Element {
  return (
    <p class="warning">
      <WarningShape />
      <span>{children}</span>
    </p>
  );
}
