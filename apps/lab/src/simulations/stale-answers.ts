import { cache, coalesce } from "@sluice/cache";
import { ServiceBuilder } from "@sluice/core";
import type { Effort, Findings, Simulation } from "../simulation.ts";
import { simulate } from "../world/world.ts";

const seconds = 1_000;
/** How long the origin takes, in ms. */
const originTakes = 100;
/** In seconds: a little more than the longest of the RFC's examples. */
const ages = 2_000;

interface Answers {
  /** By the age of what is stored, in seconds: the age of the answer that was given, where there was one. */
  readonly given: readonly (readonly [stored: number, answer: number])[];
  /** The last ages at which the stored answer was given: at once and alone, at once with a refresh, after the origin failed. */
  readonly fresh: number;
  readonly revalidated: number;
  readonly rescued: number;
}

/** Asks for each of many stored answers exactly once, each at another age. */
function askAtEachAge(step: number, originFails: boolean): Promise<Answers> {
  return simulate(async (world) => {
    const answers = cache<number, number>({
      key: (age) => age,
      ttl: 600 * seconds,
      staleWhileRevalidate: 30 * seconds,
      staleIfError: 1_200 * seconds,
      max: ages,
      clock: world.clock,
    });
    let failing = false;
    const origin = new ServiceBuilder().layer(answers).serviceFn(async () => {
      const asked = world.now;
      await world.pause(originTakes);
      if (failing) throw new Error("The origin is down.");
      return asked;
    });
    const all = Array.from({ length: Math.ceil(ages / step) }, (_, index) => index * step);
    await Promise.all(all.map((age) => origin.call(age)));
    const stored = world.now;
    failing = originFails;
    const given: [number, number][] = [];
    const last = { fresh: -1, revalidated: -1, rescued: -1 };
    for (const age of all) {
      await world.pause(stored + age * seconds - world.now);
      const [began, refreshes] = [world.now, answers.refreshes];
      const answer = await origin.call(age).catch(() => undefined);
      if (answer !== undefined) given.push([age, (world.now - answer) / seconds]);
      if (answer !== 0) continue;
      if (world.now > began) last.rescued = age;
      else if (answers.refreshes > refreshes) last.revalidated = age;
      else last.fresh = age;
    }
    return { given, ...last };
  });
}

/** How many calls reach the origin when so many ask for one key at the same moment. */
function stampede(callers: number): Promise<number> {
  return simulate(async (world) => {
    let calls = 0;
    const origin = new ServiceBuilder()
      .layer(coalesce({ key: (key: string) => key, clock: world.clock }))
      .serviceFn(() => {
        calls++;
        return world.pause(originTakes);
      });
    await Promise.all(Array.from({ length: callers }, () => origin.call("front page")));
    return calls;
  });
}

export const staleAnswers: Simulation = {
  name: "stale-answers",
  title: "Stale answers: RFC 5861",
  layers: ["cache"],
  sources: [
    {
      title: "Nottingham, HTTP Cache-Control Extensions for Stale Content, RFC 5861, 2010",
      where: "section 3 (stale-while-revalidate=30) and section 4 (stale-if-error=1200), each with max-age=600",
      url: "https://www.rfc-editor.org/rfc/rfc5861",
    },
  ],
  published:
    "With max-age=600, an answer is fresh for 600 seconds. With stale-while-revalidate=30 it may be used for 30 seconds more, while a new one is fetched. With stale-if-error=1200 it may be used for 1,200 seconds after it became stale, if the origin fails.",
  setting:
    "2,000 answers are stored at the same time, and each is requested once: one at each second of age (in the short form each tenth). The origin takes 100 ms, and answers, or fails. `cache({ ttl: 600_000, staleWhileRevalidate: 30_000, staleIfError: 1_200_000 })`. Also, 1,000 callers miss the same key at the same time: `coalesce`.",
  reading:
    "The spans are half open: at an age of exactly 600 s an answer is stale. The RFC has a precision of seconds. Between 630 and 1,800 s the failing origin is called each time before the stale answer is returned, which takes as long as its failure does.",
  async run(effort: Effort): Promise<Findings> {
    const step = effort === "full" ? 1 : 10;
    const healthy = await askAtEachAge(step, false);
    const failing = await askAtEachAge(step, true);
    const just = (age: number) => [age - step, age - step] as const;
    // One in ten is enough for a drawing.
    const points = ({ given }: Answers) => given.filter(([age]) => age % 10 === 0);
    return {
      figures: [
        { what: "last age of a fresh answer", published: "600 s", ours: healthy.fresh, unit: "s", within: just(600) },
        {
          what: "last age of a stale answer, with a refresh",
          published: "630 s",
          ours: healthy.revalidated,
          unit: "s",
          within: just(630),
        },
        {
          what: "stale answers instead of a miss, the origin answers",
          published: "none",
          ours: healthy.rescued === -1 ? 0 : 1,
          within: [0, 0],
        },
        {
          what: "last age of a stale answer, the origin fails",
          published: "1,800 s",
          ours: failing.rescued,
          unit: "s",
          within: just(1_800),
        },
        { what: "calls of the origin, 1,000 misses of one key", ours: await stampede(1_000), within: [1, 1] },
      ],
      chart: {
        title: "How old is the answer?",
        x: { label: "age of what is stored, in seconds" },
        y: { label: "age of the answer, in seconds" },
        series: [
          { name: "the origin answers", points: points(healthy) },
          { name: "the origin fails (no answer after 1,800 s)", points: points(failing) },
        ],
      },
    };
  },
};
