import { type CallOptions, type Service, serviceFn } from "../../src/index.ts";

/** A call that reached the leaf, and what becomes of it. */
export interface LeafCall {
  readonly request: unknown;
  readonly options: CallOptions;
  respond(value?: unknown): void;
  fail(error: unknown): void;
}

/** A service that is always ready, and whose calls settle when the test says so. */
export class Leaf {
  readonly calls: LeafCall[] = [];
  /** Calls that have not settled. */
  running = 0;
  readonly service: Service<unknown, unknown, never> = serviceFn((request: unknown, options) => {
    this.running++;
    return new Promise((resolve, reject) => {
      const settle =
        (how: (value: unknown) => void) =>
        (value?: unknown): void => {
          this.running--;
          how(value);
        };
      this.calls.push({ request, options, respond: settle(resolve), fail: settle(reject) });
    });
  });

  /** The latest call. */
  get last(): LeafCall {
    const call = this.calls.at(-1);
    if (call === undefined) throw new Error("No call has reached the leaf.");
    return call;
  }
}

/** A service that answers at once, with a promise that has settled already. */
export function answering<Res>(response: Res): Service<unknown, Res, never> {
  const answer = Promise.resolve(response);
  return serviceFn(() => answer) as Service<unknown, Res, never>;
}
