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
  {
    because: "the model took a call that had waited for one at the edge, whose answer comes a microtask later",
    seed: 2026,
    path: "23237:1:8:7:7:7:13:13:15:14:14:14:17:19:20:20:20:21:11:11:11:11:20:21:21:22:22:25:26:26:26:26:26:31:31:31:33:37:37:37:38:44:43:44:44:46:44:45:45:45:45",
    shape: { max: 2, attempts: 2, delay: 1, outside: false },
    schedule: {
      exact: true,
      steps: [
        { does: "ready", pick: 0, ms: 1, other: false, gap: 0 },
        { does: "call", pick: 0, ms: 1, other: false, gap: 0 },
        { does: "call", pick: 0, ms: 1, other: false, gap: 0 },
        { does: "spend", pick: 0, ms: 1, other: false, gap: 3 },
        { does: "release", pick: 0, ms: 1, other: false, gap: 0 },
        { does: "fail", pick: 0, ms: 1, other: false, gap: 3 },
        { does: "tick", pick: 0, ms: 1, other: false, gap: 3 },
        { does: "respond", pick: 3, ms: 1, other: false, gap: 0 },
        { does: "respond", pick: 0, ms: 1, other: false, gap: 0 },
      ],
    },
  },
];
