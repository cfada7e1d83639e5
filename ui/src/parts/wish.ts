// How any part of the window passes a person's wish on.

import { createContext } from "preact";
import { useContext } from "preact/hooks";

import type { Request } from "../generated";

/** Passes a wish on to the program. */
export type Wish = (request: Request) => void;

/** The window's way to the program. */
export const WishContext = createContext<Wish>(() => undefined);

/** The function that passes a wish on. */
export function useWish(): Wish {
  return useContext(WishContext);
}
