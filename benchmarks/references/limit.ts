import { Ring } from "./ring.ts";
import type { Work } from "./work.ts";

/**
 * At most `max` at once, the rest in line. A slot is held until the work has settled and then goes to whoever is first.
 *
 * A failure that the caller ignores is reported as unhandled, for what is handed on is the promise that is looked at; and whoever
 * waited runs in its own async context, for what waits is a `then` attached in the caller's turn. It leaves out: leaving the line.
 */
export function limitByHand<Req, Res>(work: Work<Req, Res>, max: number): Work<Req, Res> {
  const line = new Ring<() => void>();
  let active = 0;

  function left(): void {
    const next = line.shift();
    // The slot goes from hand to hand, so that no newcomer gets in between.
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

/**
 * The same without a line, and watched from the side: no microtask more than the work itself, at the price that a failure
 * which the caller ignores is never reported.
 */
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

/** The same again, and it knows for how long the longest of them has been in, as `concurrencyLimit`'s `oldest` does. */
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
