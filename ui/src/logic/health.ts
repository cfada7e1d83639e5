// The installation's health in words: one headline, and a sentence for each connection.

import type { Beat, Installation, Link, Paired } from "../generated";
import { ago, retry, roundTrip, span } from "./time";

/** How something stands; each has a shape of its own beside its colour. */
export type Standing = "good" | "busy" | "away" | "stuck" | "paused" | "none" | "refused";

/** One line in large type with an explanation. */
export type Headline = { standing: Standing; title: string; detail: string };

/** The headline of an installation. */
export function headline(installation: Installation, now: number): Headline {
  switch (installation.state) {
    case "starting":
      return { standing: "busy", title: "Starting", detail: "Reading the stored keys." };
    case "locked":
      return { standing: "stuck", title: "Not started", detail: "" };
    case "unpaired":
      return { standing: "none", title: "Not paired", detail: "" };
    case "pairing":
      return { standing: "busy", title: "Pairing", detail: "" };
    case "paused":
      return {
        standing: "paused",
        title: "Paused",
        detail: "Disconnected by you. Your phone shows this computer as away.",
      };
    case "revoked":
      return { standing: "stuck", title: "The pairing was removed", detail: "" };
    case "paired":
      return installation.storage === null ? ofLinks(installation, now) : CANNOT_STORE;
  }
}

/** A connection's state in a few words, without its cause. */
export function linkState(link: Link): { standing: Standing; word: string } {
  switch (link.state) {
    case "connecting":
      return { standing: "busy", word: "Connecting" };
    case "up":
      return { standing: "good", word: "Connected" };
    case "down":
      return link.retry_at_ms === null
        ? { standing: "stuck", word: "Needs you" }
        : { standing: "away", word: "Not connected" };
  }
}

/** The facts about a connection that is there: since when, last heard, round trip. */
export function linkFacts(since: number, beat: Beat | null, now: number): string[] {
  const facts = [`For ${span(now - since)}`];
  if (beat !== null) {
    facts.push(`heard ${ago(beat.heard_at_ms, now)}`);
    if (beat.round_trip_ms !== null) facts.push(`round trip ${roundTrip(beat.round_trip_ms)}`);
  }
  return facts;
}

/** What becomes of a connection that is not there, as a sentence. */
export function linkOutlook(retryAt: number | null, now: number): string | null {
  if (retryAt === null) return null;
  const text = retry(retryAt, now);
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

const CANNOT_STORE: Headline = {
  standing: "stuck",
  title: "Nothing can be stored",
  detail: "Messages wait at Sophon until it can.",
};

/** Says that messages wait for the key of their chat, as a sentence; none when none does. */
export function lockedOut(locked: number): string | null {
  if (locked === 0) return null;
  const what = locked === 1 ? "1 encrypted message waits" : `${locked} encrypted messages wait`;
  return `${what} for the phone's key. Open the chat on your phone.`;
}

/** Says what was lost of answers, as a sentence; none when nothing was. */
export function losses(undelivered: number): string | null {
  if (undelivered === 0) return null;
  const what = undelivered === 1 ? "1 part of an answer" : `${undelivered} parts of answers`;
  return `Sophon Cloud refused ${what} for good, so your phone does not show all. Logs says why.`;
}

function ofLinks(paired: Paired, now: number): Headline {
  const sides = [
    { name: "Sophon Cloud", link: paired.cloud },
    { name: "OpenClaw", link: paired.gateway },
  ];
  const down = sides.flatMap(({ name, link }) => (link.state === "down" ? [{ name, link }] : []));
  const since = paired.degraded_since_ms;
  const missing = since === null ? "" : `Missing for ${span(now - since)}. `;
  const stuck = down.filter(({ link }) => link.retry_at_ms === null);
  if (stuck.length > 0) {
    const names = stuck.map(({ name }) => name).join(" and ");
    return { standing: "stuck", title: `${names} ${verb(stuck)} you`, detail: "See below what to do." };
  }
  const [first] = down;
  if (first !== undefined) {
    const title = down.length === 1 ? `${first.name} is not connected` : "Not connected";
    return { standing: "away", title, detail: `${missing}It is tried again by itself.` };
  }
  if (sides.some(({ link }) => link.state === "connecting")) {
    return { standing: "busy", title: "Connecting", detail: "This takes a moment." };
  }
  return {
    standing: "good",
    title: "Connected",
    detail: "Your phone reaches the agents on this computer.",
  };
}

function verb(subjects: readonly unknown[]): string {
  return subjects.length === 1 ? "needs" : "need";
}
