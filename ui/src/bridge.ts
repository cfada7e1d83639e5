// The window's two ends to the program: what it is told, and what it tells.

import { Channel, invoke } from "@tauri-apps/api/core";

import type { FromWindow, ToWindow } from "./generated";

/** The program behind the window. */
export type Program = {
  /** Delivers what is shown now, then every change; `onLost` says why nothing more comes. */
  follow(onMessage: (message: ToWindow) => void, onLost: (why: string) => void): void;
  /** Passes a message on; `onLost` says why it did not arrive. */
  tell(message: FromWindow, onLost: (why: string) => void): void;
};

/** The program as Tauri's commands `follow` and `tell` reach it. */
export const tauriProgram: Program = {
  follow(onMessage, onLost) {
    const channel = new Channel<ToWindow>(onMessage);
    invoke("follow", { channel }).catch((why: unknown) => onLost(String(why)));
  },
  tell(message, onLost) {
    invoke("tell", { message }).catch((why: unknown) => onLost(String(why)));
  },
};
