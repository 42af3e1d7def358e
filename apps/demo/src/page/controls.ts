import type { Frame } from "../live/frame.ts";
import { greedyRoute, greedyTimes, priorityRoute } from "../plan.ts";
import { ask } from "./ask.ts";
import { choices } from "./choices.ts";
import { find } from "./dom.ts";

/** What clients ask for, and the button that begins again. */
export function controls(): (frame: Frame) => void {
  const load = choices("load", "Load on each route", "The load", [
    { value: "0.6", words: "Calm ×0.6", post: "/load?times=0.6" },
    { value: "1.5", words: "Rush ×1.5", post: "/load?times=1.5" },
    { value: "3", words: "Flood ×3", post: "/load?times=3" },
  ]);
  const greedy = choices("greedy", `A greedy client of ${greedyRoute}`, "The greedy client", [
    { value: "off", words: "◇ Absent", post: "/greedy?off" },
    { value: "on", words: `◆ Asks for ×${greedyTimes}`, post: "/greedy?on" },
  ]);
  const important = choices("important", `One in ten requests to ${priorityRoute}`, "One in ten", [
    { value: "off", words: "☆ As the others", post: "/important?off" },
    { value: "on", words: "★ Important", post: "/important?on" },
  ]);
  find("#controls").append(...[load, greedy, important].map(({ root }) => root));
  const anew = find<HTMLButtonElement>("#anew");
  anew.addEventListener("click", () => {
    anew.disabled = true;
    void ask("/anew", "Everything is started over.").finally(() => (anew.disabled = false));
  });
  return (frame) => {
    load.show(String(frame.times));
    greedy.show(frame.greedy ? "on" : "off");
    important.show(frame.important ? "on" : "off");
  };
}
