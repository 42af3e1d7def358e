import { type AnyLayer, middleware } from "@sluice/core";
import { raced } from "./broken-services.ts";

/** One call for all who ask for the same meanwhile. Whoever joins `keeps` what it reserved inside until the answer, or releases it. */
export function joining(keeps: "keeps" | "releases"): AnyLayer {
  const flights = new Map<unknown, Promise<unknown>>();
  return middleware("joining", (request: unknown, next, options) => {
    const flight = flights.get(request);
    if (flight !== undefined) {
      if (keeps === "releases") next.release();
      return raced(flight, options.signal);
    }
    const call = next(request, options);
    flights.set(request, call);
    const over = (): void => {
      flights.delete(request);
    };
    call.then(over, over);
    return call;
  });
}

/** As one that joins and keeps its place, but it uses that place for a call of its own when the one that it has joined fails. */
export function joiningWithSpare(): AnyLayer {
  const flights = new Map<unknown, Promise<unknown>>();
  return middleware("joiningWithSpare", (request: unknown, next, options) => {
    const flight = flights.get(request);
    if (flight !== undefined) {
      return raced(flight, options.signal).catch((error: unknown) => {
        if (options.signal?.aborted) throw error;
        return next(request, options);
      });
    }
    const call = next(request, options);
    flights.set(request, call);
    const over = (): void => {
      flights.delete(request);
    };
    call.then(over, over);
    return call;
  });
}
