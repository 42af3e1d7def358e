import type { Kept } from "../helper/check-model.ts";
import type { Windows } from "../helper/cache-model.ts";
import type { CoalesceShape } from "../helper/coalesce-trial.ts";

export const kept: readonly Kept<CoalesceShape & Windows & { readonly choosy: boolean }>[] = [
  {
    because:
      "the model counted a hit in the turn of the call that another key's gate refused, and not when the refusal was heard of",
    seed: 99,
    path: "30387:3:4:8:6:10:10:10:16:16:16:21:23:23:23:23:23:29:32:32:37:37:37:37:41:42:30:19:32:32:32:32:36:37:37:37:37:41:42:42:42:2:41:45:43:42:5:0:6:26:26:26:26:26:30:30:32:31:35:35:35:37:38:42:42:35",
    shape: { max: 1, keys: 3, outside: false, ttl: 0, staleWhileRevalidate: 0, staleIfError: 10, choosy: false },
    schedule: {
      exact: true,
      steps: [
        { does: "call", pick: 0, ms: 1, other: false, gap: 0 },
        { does: "call", pick: 0, ms: 1, other: false, gap: 0 },
        { does: "respond", pick: 0, ms: 1, other: false, gap: 0 },
        { does: "call", pick: 0, ms: 1, other: false, gap: 0 },
        { does: "call", pick: 0, ms: 1, other: false, gap: 0 },
        { does: "call", pick: 0, ms: 1, other: false, gap: 0 },
        { does: "tick", pick: 0, ms: 1, other: false, gap: 3 },
        { does: "tryReady", pick: 0, ms: 1, other: false, gap: 0 },
        { does: "spendElsewhere", pick: 0, ms: 11, other: false, gap: 0 },
      ],
    },
  },
  {
    because: "the model told all answers of a turn before all grants",
    seed: 2026,
    path: "8369:2:2:6:3:7:5:5:10:10:10:13:15:15:15:18:19:19:19:21:21:21:17:17:17:18:18:22:22:22:22:26:26:26:26:26",
    shape: { max: 2, keys: 1, outside: false, ttl: 4, staleWhileRevalidate: 0, staleIfError: 0, choosy: false },
    schedule: {
      exact: true,
      steps: [
        { does: "call", pick: 0, ms: 1, other: false, gap: 0 },
        { does: "ready", pick: 0, ms: 1, other: false, gap: 0 },
        { does: "abandon", pick: 0, ms: 1, other: false, gap: 0 },
        { does: "call", pick: 0, ms: 1, other: false, gap: 3 },
        { does: "release", pick: 0, ms: 1, other: false, gap: 0 },
        { does: "respond", pick: 0, ms: 1, other: false, gap: 0 },
      ],
    },
  },
];
