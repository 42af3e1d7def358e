/**
 * Lets promises settle each other: a hundred turns of the microtask queue. A layer takes one turn or two to answer, so that is enough
 * for stacks of dozens. It needs no timer, which a test may have replaced.
 */
export async function microtasks(turns = 100): Promise<void> {
  const settled = Promise.resolve();
  for (let turn = 0; turn < turns; turn++) await settled;
}
