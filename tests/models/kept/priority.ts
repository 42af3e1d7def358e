import type { Kept } from "../helper/check-model.ts";
import type { PriorityRules } from "../helper/plain-priority.ts";

export const kept: readonly Kept<PriorityRules & { readonly max: number }>[] = [
  {
    because: "a newcomer's priority made room for who waited, and the newcomer overtook",
    seed: 21,
    path: "114:0:1:5:3:6:6:6:6:6:11:11:15:14:25:27:25:26:26:26:27:26:27:18",
    shape: { max: 1, levels: 1, share: 0, maxWaiting: Number.POSITIVE_INFINITY, codel: undefined, order: "fifo" },
    schedule: {
      exact: false,
      steps: [
        { does: "call", pick: 0, ms: 1, other: false, gap: 0 },
        { does: "call", pick: 0, ms: 1, other: false, gap: 0 },
        { does: "inPriority", pick: 11, ms: 9, other: false, gap: 0 },
        { does: "call", pick: 0, ms: 1, other: false, gap: 0 },
      ],
    },
  },
];
