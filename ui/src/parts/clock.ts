// One clock for everything that counts seconds; it stands still while nobody looks.

import { useEffect, useState } from "preact/hooks";

const watchers = new Set<(now: number) => void>();
let timer: ReturnType<typeof setInterval> | undefined;

/** The time now, renewed every second while the window can be seen. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    watchers.add(setNow);
    run();
    return () => {
      watchers.delete(setNow);
      run();
    };
  }, []);
  return now;
}

function run(): void {
  const wanted = watchers.size > 0 && document.visibilityState === "visible";
  if (wanted && timer === undefined) timer = setInterval(tick, 1_000);
  if (!wanted && timer !== undefined) {
    clearInterval(timer);
    timer = undefined;
  }
}

function tick(): void {
  const now = Date.now();
  for (const watcher of watchers) watcher(now);
}

document.addEventListener("visibilitychange", () => {
  run();
  tick();
});
