/** The promises of the contract, by number: the name of each, and its checked sentences, in the contract's words. */
export const contractPromises = {
  1: {
    name: "Reservation",
    sentences: {
      exactlyOne: "A permit means capacity for exactly one call at every point of the stack below it.",
    },
  },
  2: {
    name: "Spent once",
    sentences: {
      spentOnce: "A second call rejects with PermitSpentError and reaches nobody; a second release does nothing.",
    },
  },
  3: {
    name: "Nothing leaks",
    sentences: {
      returnedOnce: "On every path each reservation is returned exactly once.",
      unneeded: "What a call turns out not to need is given back as soon as that is known.",
      undone: "A call that waits further in asks a gate twice: cancel undoes all that the first answer decided.",
    },
  },
  4: {
    name: "In line",
    sentences: {
      firstCome: "Each gate serves its waiters first come, first served.",
      notOvertaken:
        "A newcomer's tryReady gets nothing from a gate while anyone is in its line, and one who was granted there is not overtaken before joining the next line.",
      blocksNobody: "Someone who waits further in, for another route, blocks nobody.",
      constantTime: "Joining, and leaving from anywhere, are O(1).",
    },
  },
  5: {
    name: "Abort",
    sentences: {
      leavesAtOnce: "An aborted waiter leaves the line at once and rejects with signal.reason itself, on every path.",
      abortedAlready: "A signal already aborted is refused at once and reaches nobody.",
      passedDown: "Nothing races running work: the signal is passed down, and the call settles when the work does.",
      loseNothing: "Options are spreadable, so that next(request, { ...options, signal }) loses nothing.",
      leftBehind: "No listener and no timer is left behind; no AbortSignal.any per call.",
    },
  },
  6: {
    name: "Until it settles",
    sentences: {
      untilSettled:
        "Capacity is held until the innermost work has really settled, also when somebody on the way gave up on it.",
      handedUp: "Whoever settles before its inner work hands that work up with waitUntil first.",
      gateFinishes:
        "A gate finishes, and tells the gates outside it, once its call and what was handed up to it have settled.",
    },
  },
  7: {
    name: "Never thrown at you",
    sentences: {
      neverThrows: "Permit.call and Service.call never throw synchronously: they reject.",
    },
  },
  8: {
    name: "Context",
    sentences: {
      callersContext:
        "Work that waited, was buffered, retried or hedged runs in the async context of the caller who asked.",
    },
  },
  9: {
    name: "All or nothing",
    sentences: {
      inOrder: "A stack acquires from the outermost layer inwards, and on failure gives back in reverse order.",
    },
  },
  10: {
    name: "Precise when told",
    sentences: {
      exactly: "A reservation for a request reserves exactly what that request needs.",
      asReserved: "What is called is the value reserved for.",
      exchanged:
        "A permit spent on a request of another route is exchanged: the other route is tried once, without waiting, and refuses with OverloadedError.",
      blind: "A blind reservation is still answered; what the call does not need is given back at the call.",
    },
  },
  11: {
    name: "Free where idle",
    sentences: {
      noWait:
        "Where the inner service is ready, no layer adds a wait or a microtask to readiness, and the work starts in the same turn.",
      onlyObserves:
        "Layers that only observe add no microtask to each other's responses; a whole stack adds at most one, at its edge.",
      reported: "An ignored failure must still be reported as an unhandled rejection (a handled one must not).",
    },
  },
  12: {
    name: "Readiness errors are not terminal",
    sentences: {
      mayAskAgain: "Readiness errors are not terminal: the next caller may ask again.",
    },
  },
  13: {
    name: "Time is a seam",
    sentences: {
      throughClock: "Library code reads time and sets timers through the clock it was given.",
      believed: "A timer that fires is believed.",
      idle: "An idle layer has no armed timer and keeps no process alive.",
    },
  },
  14: {
    name: "Bad options are refused at once",
    sentences: {
      refused:
        "Bad options are refused at once: a TypeError or RangeError that names the option and the value received.",
    },
  },
} as const;

/** The number of a promise. */
export type PromiseNumber = keyof typeof contractPromises;

/** All numbers, in order. */
export const promiseNumbers: readonly PromiseNumber[] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14];

type Sentences = { readonly [N in PromiseNumber]: keyof (typeof contractPromises)[N]["sentences"] };

/** The key of one sentence of the contract: `"exactlyOne"`. */
export type Sentence = Sentences[PromiseNumber];
