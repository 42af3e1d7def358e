import type { Kept } from "../helper/check-model.ts";
import type { CircuitShape } from "../helper/circuit-model.ts";

export const kept: readonly Kept<CircuitShape>[] = [
  {
    because: "the model told all answers of a turn before all grants",
    seed: 99,
    path: "27221:0:0:0:7:4:7:7:7:7:7:13:13:13:14:14:17:18:20:20:20:26:26:26:26:28:28:28:28:28:33:36:36:40:40:40:40:45:45:45:45:45:48:49:49:49:49:50:49:49:50:48:46:46:46:46",
    shape: {
      window: { calls: 2 },
      failureRatio: 0.3,
      minimumCalls: 1,
      consecutive: 1,
      slowCall: Number.POSITIVE_INFINITY,
      slowRatio: 0.5,
      probes: 2,
      waits: true,
      grows: true,
      classifies: false,
      max: 2,
    },
    schedule: {
      exact: true,
      steps: [
        { does: "call", pick: 0, ms: 1, other: false, gap: 0 },
        { does: "fail", pick: 0, ms: 1, other: false, gap: 3 },
        { does: "ready", pick: 0, ms: 1, other: false, gap: 0 },
        { does: "open", pick: 0, ms: 1, other: false, gap: 0 },
        { does: "call", pick: 0, ms: 1, other: false, gap: 0 },
        { does: "advance", pick: 0, ms: 8, other: false, gap: 0 },
        { does: "call", pick: 0, ms: 1, other: false, gap: 0 },
        { does: "failReadiness", pick: 0, ms: 1, other: false, gap: 0 },
        { does: "release", pick: 0, ms: 1, other: false, gap: 0 },
        { does: "fail", pick: 0, ms: 1, other: false, gap: 0 },
        { does: "call", pick: 0, ms: 1, other: false, gap: 0 },
      ],
    },
  },
];
