import { buffer } from "@sluice/buffer";
import * as fc from "fast-check";
import { BufferModel } from "./helper/buffer-model.ts";
import { checkModel } from "./helper/check-model.ts";
import { usual } from "./helper/schedule.ts";

const shapes = fc.record({
  capacity: fc.integer({ min: 1, max: 3 }),
  /** Whether it is closed or drained during the schedule. */
  ends: fc.boolean(),
});
const weights = { ...usual, allow: 4, failReadiness: 2, advance: 1, jump: 1, close: 1, drain: 1 };

checkModel("buffer", weights, shapes, ({ capacity, ends }, { clock, innermost }) => {
  const layer = buffer({ capacity, clock });
  const service = layer.wrap(innermost);
  const model = new BufferModel(capacity);
  let over = false;
  let drained = false;
  const allow = (count: number): void => {
    innermost.allow(count);
    model.allow(count);
  };
  allow(0);
  return {
    model,
    serviceFor: () => service,
    counters: () => [
      layer.queued,
      layer.waiting,
      layer.running,
      layer.available,
      layer.oldestQueued,
      drained ? 1 : 0,
      innermost.waiting,
    ],
    acts: {
      allow: ({ pick }) => allow(pick % 4),
      close() {
        if (!ends) return;
        over = true;
        layer.close();
        model.close();
      },
      drain() {
        if (!ends) return;
        over = true;
        void layer.drain().then(() => {
          drained = true;
        });
        model.drain();
      },
    },
    idle: () => [0, 0, 0, capacity, 0, model.draining ? 1 : 0, 0],
    capacity: () => (over ? 0 : capacity),
  };
});
