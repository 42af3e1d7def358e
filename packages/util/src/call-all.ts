import type { Clock, Service } from "@sluice/core";
import { readOptions, requireBoolean, requireClock, requireNumber, requireService, show } from "@sluice/core/kit";
import { CallRun, type Source } from "./call-run.ts";

/** Options of {@link callAll}. */
export interface CallAllOptions {
  /**
   * Default true: responses come in the order of their requests, and those that are early are kept until their turn.
   * False: as soon as they are there.
   */
  readonly ordered?: boolean | undefined;
  /**
   * No request is pulled while so many responses wait for their turn, because an earlier one is slow: a whole number of 1 or
   * more, or Infinity for no bound. Only where `ordered` is not false. Default: four times the most calls that have run at once.
   */
  readonly maxAhead?: number | undefined;
  /** Where the timers are set that leave the event loop its turns; default `systemClock`. */
  readonly clock?: Clock | undefined;
}

/**
 * Calls a service with each request, and answers with the responses as they come. As many calls run at once as the service
 * is ready for: one request is pulled, and the next only when there is a permit for it. Nothing is pulled while nobody asks for a
 * response, nor while one is there to be had, nor while `maxAhead` responses wait for their turn. A service that is always
 * ready sets no bound; put a limit in it. What is pulled and not yet yielded is then at most `maxAhead` requests (none of these
 * unordered), those that the limit lets run, and one that waits for it. After each 1,000 requests the pulling waits for a timer of
 * 0 ms, so that other timers, and signals, have their turn.
 *
 * The first failure, of a call, of readiness or of `requests`, stops the pulling; the responses of what is in flight
 * still come, and then the failure is thrown. Whoever stops early (`break`, `return()`) aborts the signals of the calls
 * that are in flight, and releases what was reserved; both ways, `requests` is closed.
 *
 * @example
 * for await (const page of callAll(fetchPage, urls, { ordered: false })) await save(page);
 *
 * @throws TypeError when `service` is no service, `requests` cannot be iterated, an option is of another type, or `maxAhead` is
 *   given where `ordered` is false
 * @throws RangeError when `maxAhead` is not in its range
 */
export function callAll<Req, Res>(
  service: Service<Req, Res>,
  requests: AsyncIterable<Req> | Iterable<Req>,
  options?: CallAllOptions,
): AsyncGenerator<Res, void, undefined> {
  requireService("callAll", "service", service);
  const open = opener(requests);
  const read = readOptions("callAll", options, ["ordered", "maxAhead", "clock"]);
  const { ordered = true, maxAhead } = read;
  requireBoolean("callAll", "ordered", ordered);
  if (maxAhead !== undefined) {
    requireNumber("callAll", "maxAhead", maxAhead, { min: 1, integer: true, infinity: true });
    if (!ordered) {
      throw new TypeError(`callAll: maxAhead must be left out where ordered is false; received ${show(maxAhead)}`);
    }
  }
  const run = new CallRun(service, ordered, maxAhead, requireClock("callAll", read.clock));
  const responses = run.responses(open);
  // A generator's own `return` waits until the `next` before it has settled, which may be waiting for readiness.
  const end = responses.return.bind(responses);
  responses.return = (value) => {
    run.stop();
    return end(value);
  };
  return responses;
}

function opener<Req>(requests: AsyncIterable<Req> | Iterable<Req>): () => Source<Req> {
  const open = openOf(requests);
  if (typeof open !== "function") {
    throw new TypeError(`callAll: requests must be iterable; received ${show(requests)}`);
  }
  return () => open.call(requests);
}

function openOf<Req>(requests: AsyncIterable<Req> | Iterable<Req>): (() => Source<Req>) | undefined {
  try {
    const { [Symbol.asyncIterator]: async, [Symbol.iterator]: sync } = requests as Partial<
      AsyncIterable<Req> & Iterable<Req>
    >;
    return async ?? sync;
  } catch {
    // Null, undefined, or a getter that throws.
    return undefined;
  }
}
