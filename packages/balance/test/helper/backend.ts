import { gate, Semaphore, type Service, ServiceBuilder } from "@sluice/core";
import { type Deferred, deferred } from "@sluice/test-kit";

/** A server of which the test answers the calls by hand, one after the other. */
export class Backend {
  readonly name: string;
  readonly slots: Semaphore;
  readonly service: Service<string, string>;
  /** What it was asked, ever. */
  readonly requests: string[] = [];
  /** Calls that are not answered yet. */
  readonly open: Deferred<string>[] = [];

  constructor(name: string, max: number = Infinity) {
    this.name = name;
    this.slots = new Semaphore(max);
    this.service = new ServiceBuilder().layer(gate(this.slots, { name: "slots" })).serviceFn((request: string) => {
      const answer = deferred<string>();
      this.requests.push(request);
      this.open.push(answer);
      return answer.promise;
    });
  }

  /** Answers its oldest call. */
  answer(): void {
    this.open.shift()!.resolve(this.name);
  }

  fail(reason: unknown): void {
    this.open.shift()!.reject(reason);
  }
}

export const backends = (count: number, max?: number): Backend[] =>
  Array.from({ length: count }, (_, nth) => new Backend(`b${nth}`, max));

export const entries = (all: readonly Backend[]): [string, Service<string, string>][] =>
  all.map(({ name, service }) => [name, service]);
