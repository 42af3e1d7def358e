import { type Clock, type Service, ServiceBuilder } from "@sluice/core";
import { VirtualClock } from "@sluice/testing";
import {
  sharedConcurrencyLimit,
  type SharedConcurrencyLimit,
  type SharedConcurrencyLimitOptions,
} from "../../src/index.ts";
import { RemoteStore } from "./remote-store.ts";

type Own = Omit<SharedConcurrencyLimitOptions, "store" | "key" | "clock">;

/** One process of several that share slots. */
export interface SlotMember {
  readonly layer: SharedConcurrencyLimit;
  readonly service: Service<number, void, Error>;
  readonly store: RemoteStore;
  /** Calls that have ended. */
  ended: number;
}

/** Several processes that share slots, on one virtual time. A request is how long its work takes: ms. */
export class SlotFleet {
  readonly clock: VirtualClock = new VirtualClock(1_000);
  readonly store: RemoteStore = new RemoteStore(this.clock);
  readonly members: readonly SlotMember[];
  /** The most that were held at one time, over all members. */
  most = 0;
  /** How many are running. */
  running = 0;
  private readonly options: Own;

  /** @param trips how long a question of each takes on its way, and as long back: ms */
  constructor(
    options: Own,
    trips: readonly number[] = [0],
    own: (member: number, clock: Clock) => Partial<SharedConcurrencyLimitOptions> = () => ({}),
  ) {
    this.options = options;
    this.members = trips.map((ms, nth) => this.join(this.store.from(ms), own(nth, this.clock)));
  }

  private join(store: RemoteStore, own: Partial<SharedConcurrencyLimitOptions>): SlotMember {
    const layer = sharedConcurrencyLimit({ ...this.options, key: "k", store, clock: this.clock, ...own });
    const service = new ServiceBuilder().layer(layer).serviceFn((ms: number) => {
      this.running++;
      this.look();
      return new Promise<void>((resolve) => {
        this.clock.setTimeout(() => {
          this.running--;
          member.ended++;
          resolve();
        }, ms);
      });
    });
    const member: SlotMember = { layer, service, store, ended: 0 };
    return member;
  }

  /** Keeps `callers` callers of each member busy with work of `work` ms, for `ms`. */
  async run(ms: number, callers: readonly number[] = [], work = 10): Promise<void> {
    for (let passed = 0; passed < ms; passed++) {
      for (const [nth, count] of callers.entries()) {
        const { layer, service } = this.members[nth]!;
        // Counted before: who is refused does not come again in this turn.
        const missing = count - layer.active - layer.waiting;
        for (let call = 0; call < missing; call++) service.call(work).catch(() => {});
      }
      this.look();
      await this.clock.advanceAsync(1);
      this.look();
    }
  }

  private look(): void {
    this.most = Math.max(
      this.most,
      this.members.reduce((sum, { layer }) => sum + layer.active, 0),
    );
  }
}
