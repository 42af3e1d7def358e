/**
 * Finds permits that are lost: for development, where it may cost something. Imported, it does nothing until it is asked
 * to, by `SLUICE_LEAKS=1` in the environment or by {@link detectLeaks}. It imports the rest of the package by name, so
 * that those who never import it load no file more.
 */
import { events } from "@sluice/core";
import { type Asked, type Held, leakWatch } from "@sluice/core/internal";
import { readOptions, requireFunction } from "@sluice/core/kit";

/** A permit that can no longer be spent or released. */
export interface Leak {
  /** Where `tryReady` or `ready` was asked for it: the lines of a stack trace, innermost first. */
  readonly reservedAt: string;
}

/** Options of {@link detectLeaks}. */
export interface LeakOptions {
  /**
   * Called for each, once. What it throws is an uncaught exception. Default: a warning of the process, with the code
   * `SLUICE_LEAK`.
   */
  readonly report?: ((leak: Leak) => void) | undefined;
}

/**
 * Reports each permit that is garbage-collected unspent, with where it was reserved: its capacity is lost for good. It
 * looks after the permits of every stack in the process that are reserved from now on, whichever copy of this package
 * made them. It is notified when the collector runs, which may be late or, in a short process, never. Each is also announced as
 * an event (`"leak"`, with `method`). Called again, it reports as it is told then.
 *
 * Each reservation costs a stack trace. Nothing is released for the caller: a program that needed that would work only with
 * the detection on.
 *
 * @returns stops it; nothing is reported from then on
 * @throws TypeError when `report` is not a function
 */
export function detectLeaks(options?: LeakOptions): () => void {
  const { report = warn } = readOptions("detectLeaks", options, ["report"]);
  requireFunction("detectLeaks", "report", report);
  const detection: Detection = { report };

  const watch = (service: Asked, method: keyof Asked): ((held: Held) => Held) => {
    const lost: Lost = { reservedAt: callersOf(service[method]), method, detection };
    return (held) => {
      // The permit holds this in place of the reservation, and nothing else does: they are collected together.
      const watched: Held = {
        start(...call) {
          permits.unregister(watched);
          return held.start(...call);
        },
        cancel() {
          permits.unregister(watched);
          held.cancel();
        },
      };
      permits.register(watched, lost, watched);
      return watched;
    };
  };
  leakWatch.watch = watch;
  return () => {
    detection.report = undefined;
    if (leakWatch.watch === watch) leakWatch.watch = undefined;
  };
}

interface Detection {
  /** Undefined when it has stopped. */
  report: ((leak: Leak) => void) | undefined;
}

interface Lost extends Leak {
  readonly method: string;
  readonly detection: Detection;
}

const permits = new FinalizationRegistry<Lost>(({ reservedAt, method, detection }) => {
  if (detection.report === undefined) return;
  if (events.listening) events.emit({ type: "leak", layer: "leaks", source: detection, method });
  detection.report({ reservedAt });
});

/** The lines of a stack trace, beginning with who called `method`. */
function callersOf(method: Function): string {
  const trace = new Error();
  Error.captureStackTrace?.(trace, method);
  // Written out at once: until then a trace holds the objects whose methods were running, and what is reserved in a
  // method is often kept in its object. It would never be collected.
  return String(trace.stack).replace(/^Error.*\n/, "");
}

function warn({ reservedAt }: Leak): void {
  const { process } = globalThis;
  const message =
    "A permit was garbage-collected unspent, and the capacity it stood for is lost. " +
    "Spend it with call(), give it back with release(), or hold it with `using`.";
  const detail = `It was reserved\n${reservedAt}`;
  if (typeof process?.emitWarning === "function") {
    process.emitWarning(message, { type: "SluiceWarning", code: "SLUICE_LEAK", detail });
  } else {
    // oxlint-disable-next-line eslint/no-console -- outside Node.js a warning has no other place
    console.warn(`${message} ${detail}`);
  }
}

if (globalThis.process?.env?.["SLUICE_LEAKS"] === "1") detectLeaks();
