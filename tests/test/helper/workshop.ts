import { type CallOptions, type Service, serviceFn } from "@sluice/core";
import { deferred } from "@sluice/test-kit";

/** Work that runs until the test ends it, also when its callers abort. */
export interface Work {
  readonly request: string;
  readonly options: CallOptions;
  /** Ends it; it answers with its request in upper case. */
  finish(): void;
  fail(error: unknown): void;
}

/** A service that ignores signals, and records the running work. */
export class Workshop {
  /** The running work, in the order in which it began. */
  readonly running: Work[] = [];
  /** The most that ran at the same time. */
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
