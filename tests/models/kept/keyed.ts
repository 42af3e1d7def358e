import type { Kept } from "../helper/check-model.ts";
import type { KeyedRules } from "../helper/keyed-model.ts";

export const kept: readonly Kept<KeyedRules>[] = [
  {
    because:
      "where all of a few keys were in use, some were looked at twice for one newcomer, and were no longer in the order of use",
    seed: 5,
    path: "188:9:8:8:8:14:14:14:17:13:18:18:18:18:18:22:23:23:23:23:23:29:28:29:31:35:28:28:28:28:32:32:32:5:2:11:18:18:18:18:22:22:22:22:22:22:25:26:26:26:26:31:31:32:41:41:41:44:44:44:52:24:42:43:43:43:44:44:45:45:45:45:45",
    shape: { maxKeys: 3, shares: false, each: 1, max: 1 },
    schedule: {
      exact: true,
      steps: [
        { does: "call", pick: 0, ms: 1, other: false, gap: 0 },
        { does: "call", pick: 0, ms: 1, other: false, gap: 0 },
        { does: "call", pick: 0, ms: 1, other: false, gap: 0 },
        { does: "call", pick: 0, ms: 1, other: false, gap: 0 },
        { does: "call", pick: 0, ms: 1, other: false, gap: 0 },
        { does: "ready", pick: 0, ms: 1, other: true, gap: 0 },
        { does: "abort", pick: 8, ms: 1, other: false, gap: 0 },
        { does: "call", pick: 0, ms: 1, other: false, gap: 0 },
        { does: "ready", pick: 0, ms: 1, other: true, gap: 0 },
        { does: "fail", pick: 0, ms: 1, other: false, gap: 3 },
        { does: "call", pick: 0, ms: 1, other: false, gap: 0 },
      ],
    },
  },
  {
    because: "the model told all answers of a turn before all grants",
    seed: 99,
    path: "9469:4:11:10:10:10:13:15:16:16:16:16:23:23:24:30:30:30:36:29:9:21:21:32:32:34:26:29:29:29:29:34:34:34:34:39:39:42:40:40:43:45:47:46:46:50:50:50:50:50:55:55:55:59:59:59:59:59:63:63:63:63:69:69:69:74:74:75:80:81:81:81:84:88:88:88:89:83:80:78:78:78:78",
    shape: { maxKeys: 2, shares: true, each: 2, max: 3 },
    schedule: {
      exact: true,
      steps: [
        { does: "call", pick: 0, ms: 1, other: false, gap: 0 },
        { does: "call", pick: 0, ms: 1, other: false, gap: 0 },
        { does: "call", pick: 0, ms: 1, other: false, gap: 0 },
        { does: "call", pick: 0, ms: 1, other: false, gap: 0 },
        { does: "ready", pick: 0, ms: 1, other: false, gap: 0 },
        { does: "call", pick: 0, ms: 1, other: false, gap: 0 },
        { does: "call", pick: 0, ms: 10, other: false, gap: 0 },
        { does: "call", pick: 0, ms: 10, other: false, gap: 0 },
        { does: "call", pick: 0, ms: 1, other: false, gap: 0 },
        { does: "failReadiness", pick: 0, ms: 1, other: false, gap: 0 },
        { does: "call", pick: 0, ms: 1, other: false, gap: 0 },
        { does: "call", pick: 0, ms: 1, other: false, gap: 0 },
        { does: "fail", pick: 1, ms: 1, other: false, gap: 0 },
        { does: "tryReady", pick: 0, ms: 1, other: false, gap: 3 },
        { does: "spendElsewhere", pick: 0, ms: 5, other: false, gap: 0 },
        { does: "abort", pick: 9, ms: 1, other: false, gap: 0 },
        { does: "fail", pick: 0, ms: 1, other: false, gap: 0 },
      ],
    },
  },
];
