import { Ring } from "./ring.ts";
import type { Work } from "./work.ts";

/**
 * At most `max` calls run at the same time, the others wait in line. A slot is held until the work has settled, and then goes to the first
 * waiter.
 *
 * A failure that the caller ignores is reported as unhandled, because the observed promise is returned. A waiter runs in its own async
 * context, because its `then` is attached in the caller's turn. It leaves out leaving the line.
 */
export function limitByHand<Req, Res>(work: Work<Req, Res>, max: number): Work<Req, Res> {
  const line = new Ring<() => void>();
  let active = 0;

  function left(): void {
    const next = line.shift();
    // The slot is passed on directly, so that no newcomer overtakes.
    if (next === undefined) active--;
    else next();
  }
  const answered = (response: Res): Res => {
    left();
    return response;
  };
  const failed = (reason: unknown): never => {
    left();
    throw reason;
  };
  return (request, options) => {
    if (active < max) {
      active++;
      return work(request, options).then(answered, failed);
    }
    return new Promise<void>((granted) => line.push(granted)).then(() => work(request, options).then(answered, failed));
  };
}

/** The same without a line, and observed at the side: it adds no microtask, but a failure that the caller ignores is never reported. */
export function silentLimitByHand<Req, Res>(work: Work<Req, Res>, max: number): Work<Req, Res> {
  let active = 0;
  const left = (): void => {
    active--;
  };
  return (request, options) => {
    if (active >= max) return Promise.reject(new Error("full"));
    active++;
    const answered = work(request, options);
    answered.then(left, left);
    return answered;
  };
}

/** The same with `oldest`, as `concurrencyLimit` has it. */
export function timedLimitByHand<Req, Res>(work: Work<Req, Res>, max: number): Work<Req, Res> {
  const since: number[] = [];
  const free = Array.from({ length: max }, (_, place) => place);
  return (request, options) => {
    const place = free.pop();
    if (place === undefined) return Promise.reject(new Error("full"));
    since[place] = performance.now();
    const left = (): void => {
      since[place] = Number.POSITIVE_INFINITY;
      free.push(place);
    };
    return work(request, options).then(
      (response) => {
        left();
        return response;
      },
      (reason: unknown) => {
        left();
        throw reason;
      },
    );
  };
}
