import type { Kept } from "../helper/check-model.ts";
import type { ThrottleShape } from "../helper/throttle-model.ts";

export const kept: readonly Kept<ThrottleShape>[] = [
  {
    because: "the dice were thrown at the share of the moment in which a call had begun to wait",
    seed: 1,
    path: "114:0:1:5:2:4:6:6:6:8:9:9:9:12:12:16:16:16:16:8:12:14:14:14:14:14:14:14",
    shape: { k: 1.1, window: 7, minimumPerSecond: 0, max: 0.5, dice: true, classifies: false, room: 2 },
    schedule: {
      exact: true,
      steps: [
        { does: "ready", pick: 0, ms: 1, other: false, gap: 0 },
        { does: "call", pick: 0, ms: 1, other: false, gap: 0 },
        { does: "refuse", pick: 0, ms: 1, other: false, gap: 0 },
        { does: "call", pick: 0, ms: 1, other: false, gap: 0 },
      ],
    },
  },
];
