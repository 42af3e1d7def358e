import type { Condition, RouteFrame } from "../live/frame.ts";
import { crowd } from "./crowd.ts";
import { element, mark, say } from "./dom.ts";
import { count, short } from "./figures.ts";

const signs: Readonly<Record<Condition["kind"], string>> = { up: "●", slow: "◔", silent: "◌", killed: "✕" };

function stateOf(condition: Condition): string {
  const words = condition.kind === "slow" ? `${short(condition.factor)}× slower` : condition.kind;
  return `${signs[condition.kind]} ${words}`;
}

/** The backend at the end of a route: how it is, what it works on, and who waits inside of it. */
export function backendRow(): {
  readonly root: HTMLLIElement;
  show(route: RouteFrame, condition: Condition): void;
} {
  const [state, figure, waiting] = [element("span", "state"), element("span", "figure"), crowd()];
  const root = element(
    "li",
    "backend",
    element("div", "row", element("span", "name", "backend"), state),
    element("div", "row", figure),
    waiting.root,
  );
  return {
    root,
    show({ backend: { active, queued } }, condition) {
      mark(root, "condition", condition.kind);
      say(state, stateOf(condition));
      const inside = queued > 0 ? `, ${count(queued)} in line` : "";
      // It says nothing while it is silent: what it said last is not so any more.
      say(figure, condition.kind === "silent" ? "says nothing" : `${count(active)} at work${inside}`);
      waiting.show(condition.kind === "silent" ? 0 : queued);
    },
  };
}
