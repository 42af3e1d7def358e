import { concurrencyLimit } from "@sluice/limit";
import { loadShed } from "@sluice/load-shed";
import * as fc from "fast-check";
import { checkModel } from "./helper/check-model.ts";
import { LoadShedModel } from "./helper/load-shed-model.ts";
import { PlainGate } from "./helper/plain-gate.ts";
import { usual } from "./helper/schedule.ts";

checkModel("loadShed over a limit", { ...usual, max: 1, failReadiness: 1 }, fc.nat(3), (max, { clock, innermost }) => {
  const shed = loadShed();
  const limit = concurrencyLimit(max, { clock });
  const service = shed.wrap(limit.wrap(innermost));
  const model = new LoadShedModel((news) => new PlainGate(max, news));
  innermost.most = max;
  const setMax = (next: number): void => {
    innermost.most = Math.max(innermost.most, next);
    limit.max = next;
    model.gate.max = next;
  };
  const refusals = (): number => [...shed.refusedBy.values()].reduce((sum, each) => sum + each, 0);
  return {
    model,
    serviceFor: () => service,
    counters: () => [limit.active, limit.waiting, limit.available, limit.oldest, shed.refused],
    acts: { max: ({ pick }) => setMax(pick % 4) },
    open: () => setMax(4),
    idle: () => [0, 0, 4, 0, refusals()],
    // There is always a permit.
    capacity: () => 5,
  };
});
