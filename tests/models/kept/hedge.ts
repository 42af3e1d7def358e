import type { Kept } from "../helper/check-model.ts";
import type { HedgeShape } from "../helper/hedge-model.ts";

export const kept: readonly Kept<HedgeShape>[] = [
  {
    because:
      "in the model moments of one time came in the order of the callers, and not in that in which they were set",
    seed: 123,
    path: "3259:4:8:5:8:8:8:8:12:3:13:13:13:13:18:18:18:1:17:21:23:25:28:30:30:30:30:30:16",
    shape: { max: 3, attempts: 3, delay: 1, outside: false },
    schedule: {
      exact: true,
      steps: [
        { does: "call", pick: 0, ms: 1, other: false, gap: 0 },
        { does: "tick", pick: 0, ms: 1, other: false, gap: 0 },
        { does: "call", pick: 0, ms: 1, other: false, gap: 0 },
        { does: "failReadiness", pick: 0, ms: 1, other: false, gap: 3 },
        { does: "advance", pick: 0, ms: 1, other: false, gap: 0 },
      ],
    },
  },
];
