import type { Frame } from "../live/frame.ts";
import { charts } from "./charts.ts";
import { controls } from "./controls.ts";
import { find, mark, say } from "./dom.ts";
import { routeCards } from "./route-cards.ts";
import { score } from "./score.ts";
import { listen } from "./stream.ts";
import { tape } from "./tape.ts";
import { themeButton } from "./theme.ts";
import { isBusy, type Words, wordsOf } from "./words.ts";

const drawn = charts();
const views: readonly ((frame: Frame) => void)[] = [controls(), score(), routeCards(), tape()];
const [what, so] = [find("#what"), find("#so")];
const tell = (words: Words) => {
  say(what, words.what);
  say(so, words.so);
};
const pause = find<HTMLButtonElement>("#pause");

const stream = listen({
  begin: drawn.begin,
  look(frame) {
    for (const view of views) view(frame);
    drawn.add(frame.point);
    tell(wordsOf(frame));
    mark(document.documentElement, "busy", String(isBusy(frame)));
  },
  isThere(there) {
    mark(document.documentElement, "there", String(there));
    if (!there) tell({ what: "The demo does not answer.", so: "Is it still running?" });
  },
});

pause.addEventListener("click", () => {
  const paused = pause.getAttribute("aria-pressed") !== "true";
  pause.setAttribute("aria-pressed", String(paused));
  stream.pause(paused);
  if (paused) tell({ what: "Paused.", so: "The load rests, unless another page watches." });
});
themeButton(drawn.repaint);
