import type { Service } from "@sluice/core";
import { type MockHandle, mockService, VirtualClock } from "@sluice/testing";
import {
  adaptiveLimit,
  type AdaptiveLimitLayer,
  type AdaptiveLimitOptions,
  type LimitAlgorithm,
  type LimitSample,
} from "../../src/index.ts";

/** An algorithm that keeps what it is told, and answers as the test says: with `limit` as it is by then. */
export class Recorder implements LimitAlgorithm {
  limit: number;
  min?: number;
  max?: number;
  readonly eachSample = true;
  readonly samples: LimitSample[] = [];

  constructor(limit = 10, bounds: Pick<LimitAlgorithm, "min" | "max"> = {}) {
    this.limit = limit;
    Object.assign(this, bounds);
  }

  sample(sample: LimitSample): number {
    this.samples.push(sample);
    return this.limit;
  }
}

interface Recorded {
  readonly clock: VirtualClock;
  readonly limit: AdaptiveLimitLayer<string>;
  readonly algorithm: Recorder;
  readonly handle: MockHandle<string, string>;
  readonly service: Service<string, string>;
  readonly samples: readonly LimitSample[];
}

/** A limit that tells its algorithm of each call, around a mock service. */
export function recorded(options: AdaptiveLimitOptions<string> = {}, algorithm: Recorder = new Recorder()): Recorded {
  const clock = new VirtualClock();
  const limit = adaptiveLimit<string>(algorithm, { window: false, clock, ...options });
  const [inner, handle] = mockService<string, string>();
  return { clock, limit, algorithm, handle, service: limit.wrap(inner), samples: algorithm.samples };
}

/** A window of calls. */
export function sampleOf(sample: Partial<LimitSample>): LimitSample {
  return { rtt: 10, error: 0, inflight: 1_000, dropped: false, count: 10, ...sample };
}
