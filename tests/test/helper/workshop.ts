import { type CallOptions, type Service, serviceFn } from "@sluice/core";
import { deferred } from "@sluice/test-kit";

/** Work that goes on until the test ends it, whatever becomes of those who asked for it. */
export interface Work {
  readonly request: string;
  readonly options: CallOptions;
  /** Ends it; it answers with its request in capitals. */
  finish(): void;
  fail(error: unknown): void;
}

/** A service that heeds no signal, and knows what really runs in it. */
export class Workshop {
  /** What runs, in the order it began. */
  readonly running: Work[] = [];
  /** The most that ever ran at once. */
  most = 0;
  /** The requests that began, in order. */
  readonly begun: string[] = [];

  readonly service: Service<string, string> = serviceFn((request: string, options) => {
    const { promise, resolve, reject } = deferred<string>();
    const end = (): void => {
      this.running.splice(this.running.indexOf(work), 1);
    };
    const work: Work = {
      request,
      options,
      finish: () => {
        end();
        resolve(request.toUpperCase());
      },
      fail: (error) => {
        end();
        reject(error);
      },
    };
    this.running.push(work);
    this.begun.push(request);
    this.most = Math.max(this.most, this.running.length);
    return promise;
  });

  /** The work for `request`, which must be running. */
  of(request: string): Work {
    const work = this.running.find((each) => each.request === request);
    if (work === undefined) throw new Error(`Nothing runs for ${request}.`);
    return work;
  }
}
