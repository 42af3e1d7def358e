import { type Clock, type Layer, layerFn } from "@sluice/core";
import { around, handUp, stackOf, stackService } from "@sluice/core/internal";

/** A layer that answers before its work is over: after `ms` it rejects, and hands the work up. */
export function giveUpAfter(clock: Clock, ms: number): Layer {
  return layerFn("giveUpAfter", (service) =>
    stackService(
      around(stackOf(service), {
        start({ inner }, request, options) {
          const work = inner.start(request, options, false);
          return new Promise((resolve, reject) => {
            const timer = clock.setTimeout(() => {
              handUp(options, work);
              reject(new Error("gave up"));
            }, ms);
            const settled = (): void => {
              clock.clearTimeout(timer);
              work.then(resolve, reject);
            };
            work.then(settled, settled);
          });
        },
        cancel({ inner }) {
          inner.cancel();
        },
      }),
    ),
  );
}
