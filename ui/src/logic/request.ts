// Requests in words: what they are called, and how they ended.

import type {
  By,
  Foreign,
  PastRequest,
  Pending,
  RequestKind,
  Severity,
  Subject,
  Verdict,
} from "../generated";
import type { Standing } from "./health";
import { visible } from "./visible-text";

/** What kind of request it is, in a few words. */
export const KIND_WORDS: Record<RequestKind, string> = {
  approval: "An agent asks",
  device: "A device asks",
  node: "A device offers commands",
  sender: "A person asks",
};

/** A text of others with what is missing of it, for names that screen readers say. */
export function spokenForeign(text: Foreign): string {
  return visible(text.text) + missingOf(text);
}

/** Says how much of a text is missing; nothing where nothing is. */
export function missingOf(text: Foreign): string {
  if (text.missing === 0) return "";
  return text.missing === 1 ? " … 1 character more" : ` … ${text.missing} characters more`;
}

/** What a request is about, in one line, for names that screen readers say. */
export function titleOf(subject: Subject): string {
  switch (subject.kind) {
    case "approval":
      return visible(subject.title);
    case "device":
      return nameOr(subject.change?.known_as ?? subject.name, "Device without a name");
    case "node":
      return nameOr(subject.name, "Device without a name");
    case "sender":
      return spokenForeign(subject.sender);
  }
}

/** How much is at stake. */
export function severityOf(subject: Subject): Severity {
  return subject.kind === "sender" ? "medium" : subject.severity;
}

/** Whether so much is at stake that the whole request must have been seen. */
export function isGrave(subject: Subject): boolean {
  const severity = severityOf(subject);
  return severity === "high" || severity === "critical";
}

/** What the button of an answer says. */
export function verdictWord(verdict: Verdict, kind: RequestKind): string {
  switch (verdict) {
    case "allow_once":
      return "Allow once";
    case "allow_always":
      return "Allow always";
    case "allow":
      return "Allow";
    case "deny":
      return kind === "sender" ? "Dismiss" : "Deny";
  }
}

/** How a request ended: in words, and as a shape. */
export function outcomeOf(past: PastRequest): { standing: Standing; words: string } {
  const { outcome } = past;
  switch (outcome.outcome) {
    case "allowed":
      return {
        standing: "good",
        words: `${outcome.always ? "Always allowed" : "Allowed"} ${BY_WORDS[outcome.by]}`,
      };
    case "denied":
      return {
        standing: "refused",
        words: `${past.kind === "sender" ? "Dismissed" : "Denied"} ${BY_WORDS[outcome.by]}`,
      };
    case "decided":
      return { standing: "none", words: "Decided elsewhere; how is not known" };
    case "expired":
      return { standing: "paused", words: "Expired: nobody answered in time" };
    case "gone":
      return { standing: "paused", words: "No longer asked" };
    case "failed":
      return { standing: "away", words: `The answer could not be applied: ${visible(outcome.why)}` };
  }
}

/** The requests of some kinds that wait at an installation. */
export function waitingOf(
  pending: readonly Pending[],
  kinds: readonly RequestKind[],
  slot: number,
): Pending[] {
  return pending.filter((one) => one.slot === slot && kinds.includes(one.subject.kind));
}

const BY_WORDS: Record<By, string> = {
  computer: "at this computer",
  phone: "on the phone",
  elsewhere: "elsewhere",
};

function nameOr(name: Foreign | null, otherwise: string): string {
  return name === null || name.text === "" ? otherwise : spokenForeign(name);
}
