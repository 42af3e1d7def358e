import { dispose } from "../contract/dispose.ts";
import { type CallOptions, noOptions, type Permit } from "../contract/service.ts";
import { spentAlready } from "../errors/permit-spent-error.ts";
import { requireFunction } from "../kit/check.ts";
import { promiseOf } from "../kit/promise-of.ts";
import { report } from "../kit/report.ts";
import { requireWanted } from "./require-wanted.ts";

/**
 * A permit for a custom service: it is spent once and never throws, whatever the functions do.
 *
 * @param call begins the call; what it throws is a rejection. Not called a second time (the permit rejects with
 *   `PermitSpentError`), nor where the signal is aborted already (it rejects with `signal.reason`, and `release` is called)
 * @param release releases what the permit holds, unused; called at most once, and never after `call`. What it throws is
 *   reported as an unhandled rejection
 * @throws TypeError when one of them is not a function
 */
export function permit<Req, Res, Err = unknown>(
  call: (request: Req, options: CallOptions) => Res | PromiseLike<Res>,
  release: () => void,
): Permit<Req, Res, Err> {
  requireFunction("permit", "call", call);
  requireFunction("permit", "release", release);
  return new OwnPermit(call, release);
}

class OwnPermit<in Req, out Res, out Err> implements Permit<Req, Res, Err> {
  declare readonly "~failure"?: (() => Err) | undefined;
  private readonly spend: (request: Req, options: CallOptions) => Res | PromiseLike<Res>;
  private readonly giveBack: () => void;
  private spent = false;

  constructor(spend: (request: Req, options: CallOptions) => Res | PromiseLike<Res>, giveBack: () => void) {
    this.spend = spend;
    this.giveBack = giveBack;
  }

  call(request: Req, options: CallOptions = noOptions): Promise<Res> {
    if (this.spent) return spentAlready();
    try {
      requireWanted("call", options);
    } catch (reason) {
      this.release();
      return Promise.reject(reason);
    }
    this.spent = true;
    try {
      return promiseOf(this.spend(request, options)) as Promise<Res>;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  release(): void {
    if (this.spent) return;
    this.spent = true;
    try {
      this.giveBack();
    } catch (error) {
      report(error);
    }
  }

  [dispose](): void {
    this.release();
  }
}
