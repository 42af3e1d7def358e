import type { Kept } from "../helper/check-model.ts";
import type { ReconnectShape } from "../helper/reconnect-model.ts";

export const kept: readonly Kept<ReconnectShape>[] = [
  {
    because: "a call that was granted a connection that broke began after one that had come later",
    seed: 1,
    path: "76:2:6:2:4:7:7:7:8:8:10:10:10:10:14:14:14:15:15:15:15:15:15:17:7:14:14:15:15:17:17:17:17:17",
    shape: { max: 5, attempts: ["waits"], delay: 0, grows: false, notReadyBreaks: true },
    schedule: {
      exact: true,
      steps: [
        { does: "failReadiness", pick: 0, ms: 1, other: false, gap: 0 },
        { does: "call", pick: 0, ms: 1, other: false, gap: 0 },
        { does: "connects", pick: 0, ms: 1, other: false, gap: 0 },
        { does: "call", pick: 0, ms: 1, other: false, gap: 3 },
        { does: "call", pick: 0, ms: 1, other: false, gap: 0 },
      ],
    },
  },
];
