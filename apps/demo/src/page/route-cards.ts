import type { Frame, LiveRoute } from "../live/frame.ts";
import { backendChoices } from "./backend-choices.ts";
import { classLine } from "./class-line.ts";
import { element, find, say } from "./dom.ts";
import { percent, short } from "./figures.ts";
import { pipe } from "./pipe.ts";
import { stack } from "./stack.ts";

/** What each backend is, in words. */
const about: Readonly<Record<LiveRoute, string>> = {
  quote: "two workers, 25 ms each",
  report: "four workers, 60 ms each",
  fares: "50 a second, one in ten fails",
};

/** A card for each route: its stack, and beside it the same route of the gateway without layers. */
export function routeCards(): (frame: Frame) => void {
  const section = find("#routes");
  const cards = new Map<LiveRoute, ReturnType<typeof card>>();
  let last: Frame | undefined;
  return (frame) => {
    const seconds = last === undefined ? 0 : (frame.point.at - last.point.at) / 1000;
    for (const route of Object.keys(frame.conditions) as LiveRoute[]) {
      let shown = cards.get(route);
      if (shown === undefined) {
        shown = card(route);
        cards.set(route, shown);
        section.append(shown.root);
      }
      shown.show(frame, seconds);
    }
    last = frame;
  };
}

function card(route: LiveRoute): { readonly root: HTMLElement; show(frame: Frame, seconds: number): void } {
  const [layers, proxy, backend] = [stack(route), pipe(), backendChoices(route)];
  const [first, second] = [classLine(route, "layered"), classLine(route, "plain")];
  const asked = element("small", "asked");
  const [layered, plain] = [element("b", "", "–"), element("b", "", "–")];
  const column = (side: string, words: string, share: HTMLElement, line: HTMLElement, list: HTMLElement) => {
    const made = element("div", "column", element("h4", "", words, " ", share, " in time"), line, list);
    made.dataset["side"] = side;
    return made;
  };
  const root = element(
    "article",
    "route",
    element("h3", "", route, element("small", "", about[route]), asked),
    backend.root,
    element(
      "div",
      "columns",
      column("layered", "With:", layered, first.root, layers.root),
      column("plain", "Without:", plain, second.root, proxy.root),
    ),
  );
  root.dataset["route"] = route;
  return {
    root,
    show(frame, seconds) {
      const { layered: one, plain: other, conditions } = frame;
      backend.show(conditions[route]);
      first.show(frame, one.routes[route]);
      second.show(frame, other.routes[route]);
      say(asked, `↓ ${short(one.routes[route].flow.offered)} a second`);
      say(layered, percent(one.routes[route].flow.good, one.routes[route].flow.offered));
      say(plain, percent(other.routes[route].flow.good, other.routes[route].flow.offered));
      layers.show(one.routes[route], conditions[route], seconds);
      proxy.show(other, other.routes[route], conditions[route]);
    },
  };
}
