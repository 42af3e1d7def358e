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
];
