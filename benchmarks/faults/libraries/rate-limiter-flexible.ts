import { type Library, load } from "../library.ts";

interface Flexible {
  readonly RateLimiterMemory: new (options: object) => { consume(key: string): Promise<unknown> };
}

export const rateLimiterFlexible: Library = {
  name: "rate-limiter-flexible",
  settings: "`RateLimiterMemory`",
  signals: false,
  async keyedRate(limit, interval) {
    const { RateLimiterMemory } = await load<Flexible>("rate-limiter-flexible");
    const rate = new RateLimiterMemory({ points: limit, duration: interval / 1_000 });
    return (key) => rate.consume(key);
  },
};
