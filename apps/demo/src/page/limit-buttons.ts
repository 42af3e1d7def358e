import type { LiveRoute } from "../live/frame.ts";
import { ask } from "./ask.ts";
import { element } from "./dom.ts";

const [least, most] = [1, 64];

/** Two buttons that halve and double how many the limit of a route lets in at once. */
export function limitButtons(route: LiveRoute): { readonly root: HTMLElement; show(max: number): void } {
  let max = least;
  let asking = 0;
  /** One after the other: what was asked for last holds. */
  let asked = Promise.resolve();
  let isStale = false;
  const button = (words: string, next: () => number) => {
    const made = element("button", "step", words);
    made.type = "button";
    made.title = `${words} the limit of ${route}`;
    made.setAttribute("aria-label", made.title);
    made.addEventListener("click", () => {
      if (next() === max) return;
      max = next();
      update();
      asking++;
      const [path, done] = [`/${route}?max=${max}`, `The limit of ${route}: ${max} at once.`];
      asked = asked
        .then(() => ask(path, done))
        .finally(() => {
          asking--;
          isStale = true;
        });
    });
    // One that is disabled would lose the keyboard's focus.
    return { made, update: () => made.setAttribute("aria-disabled", String(next() === max)) };
  };
  const half = button("½", () => Math.max(least, Math.floor(max / 2)));
  const twice = button("×2", () => Math.min(most, max * 2));
  const update = () => {
    half.update();
    twice.update();
  };
  return {
    root: element("span", "steps", half.made, twice.made),
    show(now) {
      // What was asked for just now is not yet in what the server says, and it may not be in what it says next: that may have been read before.
      const [isAsking, wasStale] = [asking > 0, isStale];
      if (!isAsking) isStale = false;
      if (isAsking || wasStale) return;
      max = now;
      update();
    },
  };
}
