import { coalesce } from "@sluice/cache";
import * as fc from "fast-check";
import { checkModel } from "./helper/check-model.ts";
import { CoalesceModel } from "./helper/coalesce-model.ts";
import { coalesceShape, coalesceTrial, coalesceWeights } from "./helper/coalesce-trial.ts";

checkModel("coalesce around a limit", coalesceWeights, fc.record(coalesceShape), (shape, seams) =>
  coalesceTrial(shape, seams, (keyOf, asked) => ({
    model: new CoalesceModel(shape.max, keyOf),
    layer: coalesce({ key: asked, clock: seams.clock }),
  })),
);
