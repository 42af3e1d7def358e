/*
 * A timer that is armed in the turn of a caller keeps that caller's async context alive, and one that is armed again whenever it fires
 * keeps it for ever. A reaction runs in the context in which `then` was called: so a chain of promises that begins when this module is
 * loaded stays outside of all calls.
 */

let pending: (() => void)[] = [];
let wake: () => void;

function rest(): void {
  void new Promise<void>((resolve) => {
    wake = resolve;
  }).then(() => {
    const runs = pending;
    pending = [];
    rest();
    for (const run of runs) run();
  });
}

rest();

/** Calls `run` a microtask later, in the async context in which this module was loaded. It must not throw. */
export function runOutside(run: () => void): void {
  if (pending.push(run) === 1) wake();
}
