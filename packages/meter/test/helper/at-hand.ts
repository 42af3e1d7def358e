import { type CallOptions, type Service, serviceFn } from "@sluice/core";
import { type Deferred, deferred } from "@sluice/test-kit";

/** A call that has begun, and what settles it. */
export interface Running extends Deferred<string> {
  readonly request: string;
  readonly options: CallOptions;
}

/** A service that is always ready, and whose calls end when the test says so. */
export function atHand(): { readonly running: Running[]; readonly service: Service<string, string> } {
  const running: Running[] = [];
  const service = serviceFn((request: string, options) => {
    const call = { ...deferred<string>(), request, options };
    running.push(call);
    return call.promise;
  });
  return { running, service };
}
