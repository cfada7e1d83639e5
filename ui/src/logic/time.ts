// Times in words. All of them are milliseconds, moments counted from 1970.

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long something takes or took: `8 s`, `3 min`, `2 h 5 min`, `4 days`. */
export function span(ms: number): string {
  const whole = Math.max(0, ms);
  if (whole < MINUTE) return `${Math.floor(whole / SECOND)} s`;
  if (whole < HOUR) return `${Math.floor(whole / MINUTE)} min`;
  if (whole < DAY) {
    const minutes = Math.floor((whole % HOUR) / MINUTE);
    const hours = `${Math.floor(whole / HOUR)} h`;
    return minutes === 0 ? hours : `${hours} ${minutes} min`;
  }
  const days = Math.floor(whole / DAY);
  return days === 1 ? "1 day" : `${days} days`;
}

/** How long ago a moment was: `just now`, `2 s ago`. A clock that was set back says `just now`. */
export function ago(at: number, now: number): string {
  return now - at < SECOND ? "just now" : `${span(now - at)} ago`;
}

/** Whole seconds until a moment, never below zero; a begun second counts. */
export function secondsLeft(until: number, now: number): number {
  return Math.max(0, Math.ceil((until - now) / SECOND));
}

/** How long until a moment: `8 s`, `4 min 10 s` while seconds still matter. */
export function left(until: number, now: number): string {
  const seconds = secondsLeft(until, now);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 600) {
    const rest = seconds % 60;
    const minutes = `${Math.floor(seconds / 60)} min`;
    return rest === 0 ? minutes : `${minutes} ${rest} s`;
  }
  return span(seconds * SECOND);
}

/** When it is tried again: `trying again in 8 s`, `trying again now`. */
export function retry(at: number, now: number): string {
  return secondsLeft(at, now) === 0 ? "trying again now" : `trying again in ${left(at, now)}`;
}

/** How long an answer took: `14 ms`, `0.4 ms`, `1.2 s`. */
export function roundTrip(ms: number): string {
  if (ms < 1) return `${ms.toFixed(1)} ms`;
  if (ms < SECOND) return `${Math.round(ms)} ms`;
  return `${(ms / SECOND).toFixed(1)} s`;
}

/** The time of day, `09:41` or `09:41:07`; with the date where it is not today. */
export function clock(at: number, now: number): string {
  const moment = new Date(at);
  const time = `${two(moment.getHours())}:${two(moment.getMinutes())}`;
  return moment.toDateString() === new Date(now).toDateString() ? time : `${day(moment)}, ${time}`;
}

/** The time of day to the second. */
export function clockSeconds(at: number): string {
  const moment = new Date(at);
  return `${two(moment.getHours())}:${two(moment.getMinutes())}:${two(moment.getSeconds())}`;
}

function day(moment: Date): string {
  return moment.toLocaleDateString("en", { day: "numeric", month: "short" });
}

function two(number: number): string {
  return String(number).padStart(2, "0");
}
