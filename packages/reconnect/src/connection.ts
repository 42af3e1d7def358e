import {
  type AnyService,
  type CallOptions,
  gate,
  type Gate,
  isRefusal,
  type Lease,
  type Outcome,
  type Service,
} from "@sluice/core";
import { isOwnAbort, recoverReadiness, report, requireService } from "@sluice/core/kit";
import { layerName, type Settings } from "./options.ts";

/** Who is told what becomes of a connection. */
export interface ConnectionOwner {
  /** A permit was granted, or is used no more. */
  counted(by: 1 | -1): void;
  /** A call was answered, by whichever connection. */
  answered(connection: Connection): void;
  /** `failure` shows that the connection is broken. Told once. */
  broke(connection: Connection, failure: unknown): void;
}

/** One service that was made, and those who use it. It lets everybody in, and looks at what they are answered. */
export class Connection implements Gate<unknown> {
  /** What was made. */
  readonly made: AnyService;
  /** The same, watched. */
  readonly service: Service<any, any, any>;
  /** Whether a call was answered. */
  used = false;
  broken = false;
  private active = 0;
  private readonly owner: ConnectionOwner;
  private readonly settings: Settings;

  /** @throws TypeError when `made` is no service */
  constructor(made: unknown, owner: ConnectionOwner, settings: Settings) {
    requireService(layerName, "what make returns", made);
    this.made = made as AnyService;
    this.owner = owner;
    this.settings = settings;
    const inner = recoverReadiness(this.made as Service<any, any, any>, (reason) => {
      this.judge(reason);
      return undefined;
    });
    this.service = gate(this, { name: layerName }).wrap(inner);
  }

  tryAcquire(): Lease {
    this.active++;
    this.owner.counted(1);
    return new ConnectionLease(this);
  }

  acquire(): Promise<Lease> {
    return Promise.resolve(this.tryAcquire());
  }

  /** @internal a permit is used no more */
  left(): void {
    this.active--;
    this.owner.counted(-1);
    if (this.broken && this.active === 0) this.close();
  }

  /** @internal a call was answered */
  answered(outcome: Outcome, signal: AbortSignal | undefined): void {
    if (outcome.status === "rejected") {
      if (isOwnAbort(signal, outcome.reason)) return;
      this.judge(outcome.reason);
      // What a layer inside refuses, and what is given up, says nothing of whether anything answers there.
      if (isRefusal(outcome.reason) || signal?.aborted) return;
    }
    this.used = true;
    this.owner.answered(this);
  }

  /** Breaks it where `failure` shows that it is broken. Whoever has met that failure still uses it, and closes it as the last. */
  private judge(failure: unknown): void {
    if (!this.isBroken(failure) || this.broken) return;
    this.broken = true;
    this.owner.broke(this, failure);
  }

  private isBroken(failure: unknown): boolean {
    const { isBroken } = this.settings;
    if (isBroken === undefined) return false;
    try {
      const answer: unknown = isBroken(failure);
      if (typeof answer === "boolean") return answer;
      report(
        new TypeError(`${layerName}: isBroken must return true or false; received a value of type ${typeof answer}`),
      );
    } catch (error) {
      report(error);
    }
    return false;
  }

  private close(): void {
    const { close } = this.settings;
    // Its rejection is nobody's but the process's, and so reported.
    if (close !== undefined) void new Promise((resolve) => resolve(close(this.made)));
  }
}

/** Somebody who uses a connection. */
class ConnectionLease implements Lease {
  private signal: AbortSignal | undefined = undefined;
  private readonly connection: Connection;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  cancel(): void {
    this.connection.left();
  }

  start(_request: unknown, { signal }: CallOptions): void {
    this.signal = signal;
  }

  answered(outcome: Outcome): void {
    this.connection.answered(outcome, this.signal);
  }

  finish(): void {
    this.connection.left();
  }
}
