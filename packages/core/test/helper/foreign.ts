import { type CallOptions, type Permit, type ReadyOptions, Service } from "../../src/index.ts";

/**
 * A user's own service: nothing of it is ours but the abstract class. It has a number of places and a line of its own,
 * in which it looks at no signal.
 */
export class Foreign extends Service<unknown, unknown, Error> {
  free: number;
  /** What asking for readiness fails with. */
  failure: Error | undefined;
  /** Answers to calls. */
  handler: (request: unknown, options: CallOptions) => unknown;
  readonly asked: unknown[] = [];
  /** Permits that were neither called nor released. */
  held = 0;
  private readonly waiters: ((permit: Permit<unknown, unknown, Error>) => void)[] = [];

  constructor(free: number, handler: (request: unknown, options: CallOptions) => unknown = (request) => request) {
    super();
    this.free = free;
    this.handler = handler;
  }

  override tryReady(request?: unknown): Permit<unknown, unknown, Error> | undefined {
    this.asked.push(request);
    if (this.failure !== undefined) throw this.failure;
    return this.free > 0 ? this.permit() : undefined;
  }

  override async ready(_options?: ReadyOptions<unknown>): Promise<Permit<unknown, unknown, Error>> {
    return this.tryReady() ?? new Promise((resolve) => this.waiters.push(resolve));
  }

  /** How many wait. */
  get waiting(): number {
    return this.waiters.length;
  }

  private permit(): Permit<unknown, unknown, Error> {
    this.free--;
    this.held++;
    let spent = false;
    const back = (): void => {
      this.free++;
      const next = this.waiters.shift();
      if (next !== undefined) next(this.permit());
    };
    const spend = (): boolean => {
      if (spent) return false;
      spent = true;
      this.held--;
      return true;
    };
    return {
      call: async (request, options = {}) => {
        if (!spend()) throw new Error("spent");
        try {
          return await this.handler(request, options);
        } finally {
          back();
        }
      },
      release: () => {
        if (spend()) back();
      },
      [Symbol.dispose]() {
        this.release();
      },
    };
  }
}
