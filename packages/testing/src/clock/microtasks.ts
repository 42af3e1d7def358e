/**
 * Runs a hundred turns of the microtask queue, so that chains of promises settle. A layer takes one or two turns to answer, so this is
 * enough for stacks of dozens of layers. It uses no timer, for a test may have replaced the timers.
 */
export async function microtasks(turns = 100): Promise<void> {
  const settled = Promise.resolve();
  for (let turn = 0; turn < turns; turn++) await settled;
}
