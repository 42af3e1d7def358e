import { concurrencyLimit } from "@sluice/limit";
import * as fc from "fast-check";
import { checkModel } from "./helper/check-model.ts";
import type { Answer } from "./helper/innermost.ts";
import { GateModel } from "./helper/gate-model.ts";
import { PlainGate } from "./helper/plain-gate.ts";
import { usual } from "./helper/schedule.ts";

const sizes = fc.constantFrom(0, 1, 1, 2, 3, Number.POSITIVE_INFINITY);

/** One limit around two services, whose slots may be kept until a body has ended. */
checkModel(
  "concurrencyLimit",
  { ...usual, max: 2, failReadiness: 1, advance: 1 },
  fc.record({ max: sizes, until: fc.boolean() }),
  ({ max, until }, { clock, innermost }) => {
    const model = new GateModel((news) => new PlainGate(max, news));
    const limit = concurrencyLimit(max, { clock, until: until ? ({ body }: Answer) => body : undefined });
    const services = [limit.wrap(innermost), limit.wrap(innermost)];
    innermost.most = max;
    const setMax = (next: number): void => {
      // Lowering it takes no slot from its holder.
      innermost.most = Math.max(innermost.most, next);
      limit.max = next;
      model.gate.max = next;
      model.gate.serve();
    };
    return {
      model,
      until,
      serviceFor: (who) => services[who % 2]!,
      counters: () => [limit.active, limit.waiting, limit.available, limit.oldest],
      acts: {
        max({ pick }) {
          setMax([0, 1, 2, 3, Number.POSITIVE_INFINITY][pick % 5]!);
        },
      },
      open: () => setMax(4),
      idle: () => [0, 0, 4, 0],
      capacity: () => 4,
    };
  },
);
