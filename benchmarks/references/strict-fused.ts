import type { FusedOptions } from "./fused.ts";
import { type StrictOptions, StrictTimed, StrictTimeoutList } from "./strict-timeout.ts";
import type { Work } from "./work.ts";

/**
 * The five layers in one function, as `fused`, with the promises of the layers for a call that has room: the options are members that a
 * spread keeps, with `deadline` and `waitUntil`; the slot is held until work registered with `waitUntil` has settled; no timer is armed
 * while no call is in flight; the signal of abandoned work aborts in its caller's async context. It still leaves out a line, permits, and
 * the caller's signal and deadline.
 */
export function strictFused<Req, Res>(
  work: (request: Req, options: StrictOptions) => Promise<Res>,
  options: FusedOptions,
): Work<Req, Res> {
  const { max, interval, maxRetries, base, cap, ms } = options;
  const token = interval / options.limit;
  const tolerance = interval - token;
  const timeouts = new StrictTimeoutList();
  let active = 0;
  let theoretical = 0;

  class Fused {
    readonly request: Req;
    readonly resolve: (response: Res) => void;
    readonly reject: (reason: unknown) => void;
    retries = 0;
    /** The request, abandoned attempts, and work registered with `waitUntil`. */
    pending = 1;

    constructor(request: Req, resolve: (response: Res) => void, reject: (reason: unknown) => void) {
      this.request = request;
      this.resolve = resolve;
      this.reject = reject;
    }

    attempt(now: number): void {
      const deadline = now + ms;
      const timed = new StrictTimed(deadline, (error) => {
        this.pending++;
        this.failed(error);
      });
      timeouts.add(timed);
      const waitUntil = (handedUp: Promise<unknown>): void => {
        this.pending++;
        handedUp.then(this.left, this.left);
      };
      void work(this.request, { signal: timed.controller.signal, deadline, waitUntil }).then(
        (response) => {
          if (timeouts.remove(timed)) this.resolve(response);
          this.left();
        },
        (reason: unknown) => {
          if (timeouts.remove(timed)) this.failed(reason);
          else this.left();
        },
      );
    }

    private failed(reason: unknown): void {
      if (this.retries === maxRetries) {
        this.left();
        this.reject(reason);
      } else {
        const delay = Math.random() * Math.min(cap, base * 2 ** this.retries++);
        setTimeout(() => this.attempt(performance.now()), delay);
      }
    }

    private readonly left = (): void => {
      if (--this.pending === 0) active--;
    };
  }

  return (request) => {
    if (active >= max) return Promise.reject(new Error("full"));
    const now = performance.now();
    if (theoretical < now) theoretical = now;
    if (theoretical - now > tolerance) return Promise.reject(new Error("too often"));
    theoretical += token;
    active++;
    return new Promise((resolve, reject) => {
      new Fused(request, resolve, reject).attempt(now);
    });
  };
}
