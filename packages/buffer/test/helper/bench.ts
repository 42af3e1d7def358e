import { type Permit, type Service, ServiceBuilder } from "@sluice/core";
import { type MockHandle, type MockRequest, mockService, VirtualClock } from "@sluice/testing";
import { buffer, type BufferClosedError, type BufferLayer, isBufferClosedError } from "../../src/index.ts";
import { Model } from "./model.ts";
import { watch } from "@sluice/test-kit";

/** What happens. The last two end it. */
export const happenings = [
  "tryReady",
  "ready",
  "call",
  "spend",
  "release",
  "abort",
  "grant",
  "failReadiness",
  "respond",
  "fail",
  "drain",
  "close",
] as const;

/** One step of a schedule: what happens, and to whom. */
export type Step = readonly [happening: (typeof happenings)[number], at: number];

/** A buffer, and the model beside it. */
export class Bench {
  readonly model: Model;
  readonly queue: BufferLayer;
  private readonly clock: VirtualClock = new VirtualClock();
  private readonly handle: MockHandle<number, string>;
  private readonly service: Service<number, string, BufferClosedError>;
  private readonly controllers: Map<number, AbortController> = new Map();
  private readonly permits: Map<number, Permit<number, string>> = new Map();
  private readonly states: Map<number, () => readonly [string, unknown?]> = new Map();
  private readonly arrived: Map<number, MockRequest<number, string>> = new Map();
  private readonly started: number[] = [];
  private readonly tried: string[] = [];
  private drained: (() => readonly [string, unknown?]) | undefined;
  private readonly ids: number[] = [];

  constructor(capacity: number) {
    this.model = new Model(capacity);
    this.queue = buffer({ capacity, clock: this.clock });
    const [inner, handle] = mockService<number, string>();
    this.handle = handle;
    handle.allow(0);
    this.service = new ServiceBuilder().layer(this.queue).service(inner);
    void this.collect();
  }

  private async collect(): Promise<void> {
    for (;;) {
      const request = await this.handle.nextRequest();
      this.started.push(request.request);
      this.arrived.set(request.request, request);
    }
  }

  /** Does it to the buffer and to the model. */
  step([name, at]: Step): void {
    const { model, handle } = this;
    const pick = <T>(from: readonly T[]): T | undefined => from[at % from.length];
    switch (name) {
      case "tryReady": {
        const id = this.newcomer();
        try {
          const permit = this.service.tryReady(id);
          if (permit !== undefined) this.permits.set(id, permit);
          this.tried.push(permit === undefined ? "nothing" : "permit");
        } catch (error) {
          this.tried.push(isBufferClosedError(error) ? "closed" : "failed");
        }
        model.try(id);
        break;
      }
      case "ready": {
        const id = this.newcomer();
        const ready = this.service.ready({ request: id, signal: this.signalOf(id) }).then((permit) => {
          this.permits.set(id, permit);
          return "permit";
        });
        this.states.set(id, watch(ready));
        model.enter(id, false);
        break;
      }
      case "call": {
        const id = this.newcomer();
        this.states.set(id, watch(this.service.call(id, { signal: this.signalOf(id) })));
        model.enter(id, true);
        break;
      }
      case "spend": {
        const id = pick(model.held);
        if (id === undefined) break;
        model.held.splice(model.held.indexOf(id), 1);
        this.states.set(id, watch(this.permits.get(id)!.call(id, { signal: this.signalOf(id) })));
        model.spend(id);
        break;
      }
      case "release": {
        const id = pick(model.held);
        if (id === undefined) break;
        model.held.splice(model.held.indexOf(id), 1);
        this.permits.get(id)!.release();
        break;
      }
      case "abort": {
        // Also those that run: it changes nothing for them.
        const id = pick([...model.line.map((waiter) => waiter.id), ...model.queue, ...model.running]);
        if (id === undefined) break;
        this.controllers.get(id)!.abort("aborted");
        const waits = (other: number): boolean => other !== id;
        if (!model.running.includes(id)) model.ends.set(id, "aborted");
        model.queue = model.queue.filter(waits);
        model.line = model.line.filter((waiter) => waits(waiter.id));
        break;
      }
      case "grant":
        handle.allow((at % 3) + 1);
        model.allowed = (at % 3) + 1;
        break;
      case "failReadiness":
        handle.sendFailure("not ready");
        model.failing = true;
        break;
      case "respond":
      case "fail": {
        const id = pick(model.running);
        if (id === undefined) break;
        model.running.splice(model.running.indexOf(id), 1);
        model.ends.set(id, name);
        if (name === "fail") this.arrived.get(id)!.fail(name);
        else this.arrived.get(id)!.respond(name);
        break;
      }
      case "drain":
        this.drained ??= watch(this.queue.drain());
        if (model.phase === "open") {
          model.phase = "draining";
          model.turnAway();
        }
        break;
      case "close":
        this.queue.close();
        model.phase = "closed";
        model.turnAway();
        for (const id of model.queue.splice(0)) model.ends.set(id, "closed");
        break;
    }
    model.settle();
  }

  /** What is to be seen of the buffer. */
  seen(): unknown {
    const { handle, queue, started, tried } = this;
    const { waiting, waitingForSlot, active, available } = queue;
    return {
      started,
      tried,
      counters: { waiting, waitingForSlot, active, available },
      inner: { reserved: handle.reserved, waiting: handle.waiting, allowed: handle.allowed },
      states: this.ids.map((id) => {
        const [state, value] = this.states.get(id)?.() ?? ["permit"];
        return state === "broken" && isBufferClosedError(value) ? "closed" : (value ?? state);
      }),
      drained: this.drained?.()[0],
    };
  }

  /** What the model says should be. */
  expected(): unknown {
    const { capacity, allowed, ends, line, queue, running, started, taken, tried } = this.model;
    const pending = new Set([...line.map(({ id }) => id), ...queue, ...running]);
    return {
      started,
      tried,
      counters: {
        waiting: queue.length,
        waitingForSlot: line.length,
        active: running.length,
        available: capacity - taken,
      },
      // Only the first of the queue asks.
      inner: { reserved: 0, waiting: Math.min(queue.length, 1), allowed },
      states: this.ids.map((id) => (pending.has(id) ? "pending" : (ends.get(id) ?? "permit"))),
      drained: this.drained && (this.model.drained ? "kept" : "pending"),
    };
  }

  private newcomer(): number {
    const id = this.ids.length + 1;
    this.ids.push(id);
    return id;
  }

  private signalOf(id: number): AbortSignal {
    const controller = new AbortController();
    this.controllers.set(id, controller);
    return controller.signal;
  }
}
