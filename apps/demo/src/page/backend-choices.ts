import type { Condition, LiveRoute } from "../live/frame.ts";
import { type Choice, choices } from "./choices.ts";
import { element } from "./dom.ts";

const slowFactor = 5;

/** What the backend of a route can be, for both gateways. Up again is a new process, where the old one is gone or deaf. */
export function backendChoices(route: LiveRoute): { readonly root: HTMLElement; show(condition: Condition): void } {
  const all: readonly (Choice & { readonly value: Condition["kind"] })[] = [
    { value: "up", words: "● Up", post: `/${route}?factor=1` },
    { value: "slow", words: `◔ ${slowFactor}× slower`, post: `/${route}?factor=${slowFactor}` },
    { value: "silent", words: "◌ Silent", post: `/${route}?freeze=60000` },
    { value: "killed", words: "✕ Killed", post: `/${route}?kill` },
  ];
  // Its card says of which route it is, to those who see it.
  const legend = element("span", "", "Backend", element("span", "unseen", ` of ${route}`));
  const made = choices(route, legend, `The backend of ${route}`, all);
  return { root: made.root, show: ({ kind }) => made.show(kind) };
}
