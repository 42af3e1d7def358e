import type { Simulation } from "./simulation.ts";
import { adaptiveLimits } from "./simulations/adaptive-limits.ts";
import { clientThrottling } from "./simulations/client-throttling.ts";
import { consistentHashing } from "./simulations/consistent-hashing.ts";
import { jitter } from "./simulations/jitter.ts";
import { loadBalancing } from "./simulations/load-balancing.ts";
import { metastableFailure } from "./simulations/metastable-failure.ts";
import { priorities } from "./simulations/priorities.ts";
import { retryBudgets } from "./simulations/retry-budgets.ts";
import { staleAnswers } from "./simulations/stale-answers.ts";
import { tailAtScale } from "./simulations/tail-at-scale.ts";
import { twoChoices } from "./simulations/two-choices.ts";

/** All of them, in the order of the page. A new one is added here, and nowhere else. */
export const simulations: readonly Simulation[] = [
  tailAtScale,
  jitter,
  retryBudgets,
  metastableFailure,
  clientThrottling,
  adaptiveLimits,
  priorities,
  staleAnswers,
  loadBalancing,
  twoChoices,
  consistentHashing,
];
