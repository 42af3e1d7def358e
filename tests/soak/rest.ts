import { systemClock } from "@sluice/core";
import { fault } from "./load.ts";
import type { Operation } from "./operation.ts";
import type { Workplace } from "./work.ts";
import { type Entry, routeCount } from "./world.ts";

type Wait = (ms: number) => Promise<void>;

/** Settles all work that does not settle by itself. */
export function release({ stuck }: Workplace): void {
  for (const settle of stuck) settle();
  stuck.clear();
}

/** Until nothing is in progress. */
export async function rest(place: Workplace, wait: Wait, left: () => number, look: () => void): Promise<void> {
  for (let round = 0; round < 60 && (left() > 0 || place.stuck.size > 0); round++) {
    release(place);
    await wait(100 * place.pace);
    look();
  }
}

/** As many calls as there is room for are admitted immediately, and not one more. */
export async function burst(
  place: Workplace,
  { name, service, starts, waits }: Entry,
  wait: Wait,
  create: (id: number) => Operation,
): Promise<void> {
  let open = 0;
  const over = (): void => void open--;
  // To the first route, and never filtered.
  const call = (nth: number): void => {
    const operation = create(routeCount * (50 * nth + 2));
    open++;
    service.call(operation, { signal: operation.signal }).then(over, over);
  };
  place.hold = true;
  const before = place.started;
  const told = (): number => place.started - before;
  for (let nth = 0; nth < starts; nth++) call(nth);
  if (told() !== starts) fault(place, `${name}: ${told()} of ${starts} were let in at once`);
  for (let nth = starts; nth < starts + (waits ?? 1); nth++) call(nth);
  await wait(0);
  // Real time passes meanwhile, and a busy machine may take as long as a rate needs for one more call.
  const timeStands = place.clock !== systemClock;
  if (timeStands && told() !== starts) fault(place, `${name}: ${told()} run where ${starts} may`);
  if (
    timeStands &&
    waits !== undefined &&
    name !== "shedding" &&
    service.tryReady(create(2 * routeCount)) !== undefined
  ) {
    fault(place, `${name}: more than ${waits} were let in to wait`);
  }
  place.hold = false;
  await rest(
    place,
    wait,
    () => open,
    () => {},
  );
  if (open > 0) fault(place, `${name}: ${open} calls of a burst have not ended`);
}
