import { type AnyLayer, type Lease, layerFn, type Permit, type ReadyOptions, Semaphore, Service } from "@sluice/core";
import { readyNow, wrapped } from "./wrapped.ts";

/** What is wrong with {@link ownPlaces}. */
interface Faults {
  /** A place that is given back twice is free twice. */
  readonly countsTwice?: boolean;
  /** Looks for a place of its own only when the service inside has given one. */
  readonly insideFirst?: boolean;
  /** Gives back its own place first. */
  readonly ownBackFirst?: boolean;
  /** Lets the next one in when the answer is out, not when the work is over. */
  readonly freeAtAnswer?: boolean;
}

type Inner = Service<unknown, unknown>;

/** A limit that is a layer of plain permits, and no gate. */
export function ownPlaces(max: number, faults: Faults): AnyLayer {
  return layerFn("ownPlaces", (inner) => new OwnPlaces(inner, new Semaphore(max), faults));
}

class OwnPlaces extends Service<unknown, unknown> {
  private readonly inner: Inner;
  private readonly places: Semaphore;
  private readonly faults: Faults;

  constructor(inner: Inner, places: Semaphore, faults: Faults) {
    super();
    this.inner = inner;
    this.places = places;
    this.faults = faults;
  }

  override tryReady(request?: unknown): Permit<unknown, unknown> | undefined {
    const { faults, inner, places } = this;
    let permit = faults.insideFirst ? inner.tryReady(request) : undefined;
    const place = faults.insideFirst && permit === undefined ? undefined : places.tryAcquire();
    try {
      if (place !== undefined) permit ??= inner.tryReady(request);
    } finally {
      if (permit === undefined) place?.cancel();
    }
    if (place === undefined) permit?.release();
    return place && permit && this.around(permit, place);
  }

  override ready(options: ReadyOptions<unknown> = {}): Promise<Permit<unknown, unknown>> {
    return readyNow(this, options) ?? this.wait(options);
  }

  private async wait(options: ReadyOptions<unknown>): Promise<Permit<unknown, unknown>> {
    const { inner, places } = this;
    const place = await places.acquire(options);
    try {
      return this.around(await inner.ready(options), place);
    } catch (error) {
      place.cancel();
      throw error;
    }
  }

  private around(permit: Permit<unknown, unknown>, place: Lease): Permit<unknown, unknown> {
    const { countsTwice, freeAtAnswer, ownBackFirst } = this.faults;
    let spent = false;
    const release = (): void => {
      if (spent && countsTwice) this.places.max++;
      if (spent) return;
      spent = true;
      if (ownBackFirst) place.cancel();
      permit.release();
      place.cancel();
    };
    return {
      call: (request, options = {}) => {
        if (spent) return permit.call(request, options);
        spent = true;
        const works: Promise<unknown>[] = [];
        const waitUntil = (work: Promise<unknown>): void => {
          works.push(work);
          options.waitUntil?.(work);
        };
        const answer = permit.call(request, { ...options, waitUntil });
        const leave = (): void => {
          if (freeAtAnswer) place.cancel();
          else void Promise.allSettled(works).then(() => place.cancel());
        };
        answer.then(leave, leave);
        return answer.then();
      },
      release,
      [Symbol.dispose]: release,
    };
  }
}

/** Lets nobody ask inside while somebody waits there. */
export function turnstile(): AnyLayer {
  let waiting = 0;
  return wrapped({
    tryReady: (inner, request) => (waiting > 0 ? undefined : inner.tryReady(request)),
    ready(inner, options) {
      waiting++;
      return inner.ready(options).finally(() => {
        waiting--;
      });
    },
  });
}
