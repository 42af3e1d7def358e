import { type Permit, PermitSpentError, type Service } from "@sluice/core";

/** A permit for which nothing is reserved: whoever calls on it waits in line inside. */
export function lateReservation(inner: Service<unknown, unknown>): Permit<unknown, unknown> {
  let spent = false;
  const release = (): void => {
    spent = true;
  };
  return {
    call(request, options) {
      if (spent) return Promise.reject(new PermitSpentError());
      spent = true;
      return inner.call(request, options);
    },
    release,
    [Symbol.dispose]: release,
  };
}
