import { type Library, load, type RetryOptions } from "../library.ts";

type Retry = (work: () => Promise<unknown>, options: object) => Promise<unknown>;

const retryOf = async (): Promise<Retry> => (await load<{ default: Retry }>("p-retry")).default;

const options = ({ retries, base, max }: RetryOptions) => ({
  retries,
  minTimeout: base,
  maxTimeout: max,
  randomize: true,
});

export const pRetry: Library = {
  name: "p-retry",
  settings: "`retries`, `minTimeout`, `maxTimeout`, `randomize: true`",
  signals: true,
  async retry(given) {
    const retry = await retryOf();
    return (work, signal) => retry(() => work({ signal }), { ...options(given), signal });
  },
  async retryWithin(given, maxRetryTime) {
    const retry = await retryOf();
    return (work, signal) => retry(() => work({ signal }), { ...options(given), maxRetryTime, signal });
  },
};
