import { randomFrom } from "@sluice/test-kit";
import { type AnyLayer, ServiceBuilder } from "@sluice/core";
import { VirtualClock } from "@sluice/testing";

/** A request: how important it is, 0 to 2. */
export interface Ask {
  readonly level: number;
}

/** What came of an overload. */
export interface Outcome {
  /** Of each level, how many were answered within 100 ms, in per cent. */
  readonly inTime: readonly number[];
  /** Answers within 100 ms, a second. */
  readonly goodput: number;
}

const seconds = 10;

/**
 * A service of 10 workers and 8 to 12 ms a call, so 1,000 a second. One in ten requests is of level 0, four of level 1, five of level 2. They
 * come at random, `offered` a second, for ten seconds, and an answer is of use for 100 ms; nobody gives up by itself.
 */
export async function overload(offered: number, layer: (clock: VirtualClock) => AnyLayer): Promise<Outcome> {
  const clock = new VirtualClock();
  const random = randomFrom(7);
  const queue: (() => void)[] = [];
  let idle = 10;
  const work = (): void => {
    while (idle > 0 && queue.length > 0) {
      idle--;
      const answer = queue.shift();
      clock.setTimeout(
        () => {
          idle++;
          answer?.();
          work();
        },
        8 + random() * 4,
      );
    }
  };
  const service = new ServiceBuilder().layer(layer(clock)).serviceFn(
    (_ask: Ask) =>
      new Promise<void>((resolve) => {
        queue.push(resolve);
        work();
      }),
  );
  const came = [0, 0, 0];
  const answered = [0, 0, 0];
  const arrive = (): void => {
    if (clock.now() >= seconds * 1_000) return;
    const drawn = random();
    const level = drawn < 0.1 ? 0 : drawn < 0.5 ? 1 : 2;
    const since = clock.now();
    came[level]!++;
    service.call({ level }).then(
      () => {
        if (clock.now() - since <= 100) answered[level]!++;
      },
      () => {},
    );
    clock.setTimeout(arrive, (-Math.log(1 - random()) * 1_000) / offered);
  };
  arrive();
  await clock.advanceAsync(seconds * 1_000);
  return {
    inTime: came.map((all, level) => (100 * answered[level]!) / all),
    goodput: answered.reduce((all, each) => all + each) / seconds,
  };
}
