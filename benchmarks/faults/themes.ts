import type { Theme } from "./fault.ts";
import { fault as evictedInFlight } from "./cache/evicted-in-flight.ts";
import { fault as failureKept } from "./cache/failure-kept.ts";
import { fault as oneGivesUp } from "./cache/one-gives-up.ts";
import { fault as stampede } from "./cache/stampede.ts";
import { fault as abortedBefore } from "./cancel/aborted-before.ts";
import { fault as leavesTheLine } from "./cancel/leaves-the-line.ts";
import { fault as leftOnASignal } from "./cancel/left-on-a-signal.ts";
import { fault as orderAfterLeaving } from "./cancel/order-after-leaving.ts";
import { fault as placeIsFree } from "./cancel/place-is-free.ts";
import { fault as reason } from "./cancel/reason.ts";
import { fault as runningWhenAborted } from "./cancel/running-when-aborted.ts";
import { fault as timeToLeave } from "./cancel/time-to-leave.ts";
import { fault as lostAndFailed } from "./hedge/lost-and-failed.ts";
import { fault as secondFails } from "./hedge/second-fails.ts";
import { fault as ignoredFailure } from "./hostile/ignored-failure.ts";
import { fault as lostProbe } from "./hostile/lost-probe.ts";
import { fault as ownThenable } from "./hostile/own-thenable.ts";
import { fault as thrownAtOnce } from "./hostile/thrown-at-once.ts";
import { fault as timersLeft } from "./hostile/timers-left.ts";
import { fault as bytesOfStrangers } from "./keys/bytes-of-strangers.ts";
import { fault as forgottenDebt } from "./keys/forgotten-debt.ts";
import { fault as bytesInLine } from "./limit/bytes-in-line.ts";
import { fault as changedWhileRunning } from "./limit/changed-while-running.ts";
import { fault as contextAfterWaiting } from "./limit/context-after-waiting.ts";
import { fault as counters } from "./limit/counters.ts";
import { fault as fullLine } from "./limit/full-line.ts";
import { fault as orderWhenASlotFrees } from "./limit/order-when-a-slot-frees.ts";
import { fault as refusedAfterWaiting } from "./limit/refused-after-waiting.ts";
import { fault as reserved } from "./limit/reserved.ts";
import { fault as timeInLine } from "./limit/time-in-line.ts";
import { fault as urgentFirst } from "./limit/urgent-first.ts";
import { fault as turnOfALeaver } from "./rate/turn-of-a-leaver.ts";
import { fault as worstInterval } from "./rate/worst-interval.ts";
import { fault as abortedInAPause } from "./retry/aborted-in-a-pause.ts";
import { fault as budget } from "./retry/budget.ts";
import { fault as contextAfterAPause } from "./retry/context-after-a-pause.ts";
import { fault as noError } from "./retry/no-error.ts";
import { fault as noTimeLeft } from "./retry/no-time-left.ts";
import { fault as spreadAtTheCap } from "./retry/spread-at-the-cap.ts";
import { fault as aroundALimit } from "./timeout/around-a-limit.ts";
import { fault as insideALimit } from "./timeout/inside-a-limit.ts";
import { fault as lateFailure } from "./timeout/late-failure.ts";
import { fault as neverSettles } from "./timeout/never-settles.ts";
import { fault as tellsOnlyItsOwn } from "./timeout/tells-only-its-own.ts";
import { fault as tellsTheWork } from "./timeout/tells-the-work.ts";

/** All questions: a table for each theme. */
export const themes: readonly Theme[] = [
  {
    title: "Limits",
    faults: [
      orderWhenASlotFrees,
      refusedAfterWaiting,
      fullLine,
      contextAfterWaiting,
      counters,
      changedWhileRunning,
      reserved,
      urgentFirst,
      timeInLine,
      bytesInLine,
    ],
  },
  {
    title: "Giving up",
    faults: [
      leavesTheLine,
      placeIsFree,
      orderAfterLeaving,
      timeToLeave,
      reason,
      abortedBefore,
      runningWhenAborted,
      leftOnASignal,
    ],
  },
  {
    title: "Timeouts",
    faults: [aroundALimit, insideALimit, neverSettles, tellsTheWork, tellsOnlyItsOwn, lateFailure],
  },
  {
    title: "Retries",
    faults: [abortedInAPause, spreadAtTheCap, budget, noTimeLeft, contextAfterAPause, noError],
  },
  { title: "Rates", faults: [worstInterval, turnOfALeaver] },
  { title: "Caches", faults: [stampede, oneGivesUp, failureKept, evictedInFlight] },
  { title: "Limits for each key, and hedges", faults: [forgottenDebt, bytesOfStrangers, lostAndFailed, secondFails] },
  {
    title: "Breakers, timers and careless work",
    faults: [lostProbe, timersLeft, thrownAtOnce, ownThenable, ignoredFailure],
  },
];
