// Somebody else's service: 50 requests a second and not one more, and of those one in ten fails for no reason that you
// can see, and would not have failed a moment later.
import { reply, runBackend } from "./backend.ts";

const perSecond = 50;
const burst = 6;
const takes = 15;

let active = 0;
/** When the quota is used up to, in ms: each request moves it on by its share of a second (GCRA). */
let usedUpTo = 0;
/** Which of each ten requests fails: one of them, in each ten another, so that it is the same share at any time. */
let nth = 0;
let failing = 0;

runBackend({
  answer(id, response) {
    const now = performance.now();
    if (usedUpTo - now > ((burst - 1) * 1000) / perSecond) {
      reply(response, 429, { id, error: "over the quota" });
      return;
    }
    usedUpTo = Math.max(usedUpTo, now) + 1000 / perSecond;
    if (nth === 0) failing = (failing + 7) % 10;
    const fails = nth === failing;
    nth = (nth + 1) % 10;
    active++;
    setTimeout(() => {
      active--;
      if (fails) reply(response, 503, { id, error: "try again" });
      else reply(response, 200, { id, fare: 42 });
    }, takes);
  },
  load: () => ({ active, queued: 0 }),
});
