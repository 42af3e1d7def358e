import type { CacheLayer, CoalesceLayer } from "@sluice/cache";
import { concurrencyLimit } from "@sluice/limit";
import * as fc from "fast-check";
import { acts as usualActs, giveUp, spendElsewhere } from "./acts.ts";
import type { CoalesceModel } from "./coalesce-model.ts";
import type { Answer } from "./innermost.ts";
import { stuckAt } from "./stuck.ts";
import { usual } from "./schedule.ts";
import type { Seams, Trial } from "./trial.ts";

export interface CoalesceShape {
  readonly max: number;
  readonly keys: number;
  /** Whether there is also an outer limit, which counts the callers. */
  readonly outside: boolean;
}

export const coalesceShape: { readonly [Name in keyof CoalesceShape]: fc.Arbitrary<CoalesceShape[Name]> } = {
  max: fc.constantFrom(1, 1, 2, 3),
  keys: fc.constantFrom(1, 1, 2, 3),
  outside: fc.boolean(),
};

export const coalesceWeights: Readonly<Record<string, number>> = {
  ...usual,
  call: 8,
  fail: 4,
  handUp: 2,
  failReadiness: 1,
  spendElsewhere: 2,
  inKey: 2,
  abandon: 2,
  advance: 4,
  tick: 3,
};

/** The key of a request; one request has none. */
export type KeyOf = (request: number) => number | undefined;

/** A layer, and its further actions. */
export interface Coalescing {
  readonly model: CoalesceModel;
  readonly layer: CoalesceLayer<number> | CacheLayer<number, Answer>;
  /** The counters that `coalesce` does not have. */
  readonly counters?: () => readonly number[];
  readonly acts?: Trial["acts"];
  readonly open?: () => void;
}

/**
 * A layer around a limit, with or without an outer limit.
 *
 * @param make makes it, and its model: `asked` is `keyOf`, but actions happen while it runs
 */
export function coalesceTrial(
  { max, keys, outside }: CoalesceShape,
  { clock, innermost }: Seams,
  make: (keyOf: KeyOf, asked: KeyOf) => Coalescing,
): Trial {
  const inKey: (() => void)[] = [];
  const keyOf: KeyOf = (request) => {
    const key = (request + Math.floor(request / 1_000)) % (keys + 1);
    return key === keys ? undefined : key;
  };
  const asked: KeyOf = (request) => {
    inKey.shift()?.();
    return keyOf(request);
  };
  const { model, layer, counters = () => [], acts, open } = make(keyOf, asked);
  const limit = concurrencyLimit(max, { clock });
  const callers = concurrencyLimit(1_000, { clock });
  const wrapped = layer.wrap(limit.wrap(innermost));
  const service = outside ? callers.wrap(wrapped) : wrapped;
  innermost.most = max;
  const all: Trial["acts"] = {
    ...usualActs,
    spendElsewhere,
    /** All callers that want an answer for a key abort. */
    abandon({ pick }, play) {
      for (const each of play.callers.all.slice(-12)) {
        if ((each.state === "pending" || each.state === "holds") && keyOf(each.who) === pick % keys) giveUp(each, play);
      }
    },
    /** The model does not know of actions in the middle of a step. */
    inKey(step, play) {
      if (play.model !== undefined) return;
      const act = all![["abort", "release", "respond", "call", "delete"][step.ms % 5]!];
      inKey.push(() => act?.(step, play));
    },
    ...acts,
  };
  return {
    model,
    blind: true,
    shares: true,
    repeats: true,
    serviceFor: () => service,
    counters() {
      const { active, waiting, available, oldest } = limit;
      return [active, waiting, available, oldest, layer.inFlight, layer.joined, ...counters()];
    },
    amiss() {
      if (!outside || callers.active === model.outside) return undefined;
      return `A limit outside counts ${callers.active}, and should ${model.outside}.`;
    },
    optionsOf(who, { does, other, ms, pick }) {
      if (!other || does === "ready") return {};
      if (pick < 3) {
        model.deaf.add(who);
        return { signal: undefined };
      }
      if (pick < 6) return {};
      const deadline = clock.now() + ms;
      model.deadlines.set(who, deadline);
      return { deadline };
    },
    acts: all,
    wrong: () => stuckAt(limit),
    open() {
      inKey.length = 0;
      open?.();
    },
    idle: () => [0, 0, max, 0, 0, layer.joined, ...counters()],
    capacity: () => max,
  };
}
