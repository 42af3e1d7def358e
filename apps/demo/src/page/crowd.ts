import { draw, element, say } from "./dom.ts";
import { count } from "./figures.ts";

const perRow = 16;
const mostRows = 8;

/** Those who wait, a dot for each, as far as there is room. */
export interface Crowd {
  readonly root: HTMLElement;
  show(waiting: number): void;
}

export function crowd(): Crowd {
  const [full, rest, more] = [element("i"), element("i"), element("small")];
  const root = element("div", "crowd", full, rest, more);
  root.setAttribute("aria-hidden", "true");
  return {
    root,
    show(waiting) {
      const drawn = Math.min(waiting, perRow * mostRows);
      draw(full, "--rows", String(Math.floor(drawn / perRow)));
      draw(full, "--dots", String(perRow));
      draw(rest, "--rows", drawn % perRow === 0 ? "0" : "1");
      draw(rest, "--dots", String(drawn % perRow));
      say(more, waiting > drawn ? `and ${count(waiting - drawn)} more` : "");
    },
  };
}
