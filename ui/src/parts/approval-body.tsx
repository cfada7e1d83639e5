// What an agent asks, in full.

import type { JSX, RefObject } from "preact";
import { useMemo } from "preact/hooks";

import type { Approval } from "../generated";
import { isDisguised, type Style } from "../logic/visible-text";
import { Facts } from "./facts";
import { NoteShape, WarningShape } from "./shapes";
import { Visible } from "./text";

/** The command, where and by whom it would run, and what the gateway says about it. */
export function ApprovalBody(props: {
  approval: Approval;
  box: RefObject<HTMLDivElement | null>;
  text: RefObject<HTMLDivElement | null>;
}): JSX.Element {
  const { approval, box, text } = props;
  const { command } = approval;
  const question = command ?? approval.message ?? approval.title;
  return (
    <>
      <h2>
        <Visible text={approval.title} />
      </h2>
      {approval.message !== null && command !== null && (
        <p class="message">
          <Visible text={approval.message} style="prose" />
        </p>
      )}
      <div
        class={command === null ? "question prose" : "question"}
        ref={box}
        role="group"
        aria-label={command === null ? "Question" : "Command"}
        tabIndex={0}
      >
        <div class="question-text" ref={text}>
          <Visible text={question} style={command === null ? "prose" : "command"} />
        </div>
      </div>
      <Disguised text={question} style={command === null ? "prose" : "command"} />
      <Facts
        facts={[
          ["Folder", exact(approval.folder)],
          ["Program", exact(approval.binary)],
          ["Runs on", line(hostOf(approval))],
          ["Agent", line(approval.agent)],
          ["Session", exact(approval.session)],
        ]}
      />
      {approval.warnings.map((warning, index) => (
        <p key={index} class="warning">
          <WarningShape />
          <span>
            <Visible text={warning} style="prose" />
          </span>
        </p>
      ))}
      {approval.analysis.map((finding, index) => (
        <p key={index} class="warning finding">
          <NoteShape />
          <span>
            <Visible text={finding} style="prose" />
          </span>
        </p>
      ))}
    </>
  );
}

/** Says in words what the marks say. */
function Disguised({ text, style }: { text: string; style: Style }): JSX.Element | null {
  const isMarked = useMemo(() => isDisguised(text, style), [text, style]);
  if (!isMarked) return null;
  return (
    <p class="warning">
      <WarningShape />
      <span>
        What is marked in it cannot be seen, or is not what it looks like. It does what it is, not
        what it looks like.
      </span>
    </p>
  );
}

function exact(text: string | null): JSX.Element | null {
  if (text === null) return null;
  return (
    <bdi class="mono foreign">
      <Visible text={text} style="command" />
    </bdi>
  );
}

function line(text: string | null): JSX.Element | null {
  if (text === null) return null;
  return (
    <bdi class="foreign">
      <Visible text={text} />
    </bdi>
  );
}

function hostOf({ host }: Approval): string | null {
  return host === null ? null : (HOST_WORDS[host] ?? host);
}

const HOST_WORDS: Record<string, string> = {
  gateway: "the gateway's computer",
  node: "a connected node",
  sandbox: "a sandbox",
};
