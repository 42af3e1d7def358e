import { type Library, load } from "../library.ts";
import { pLimitOf } from "./p-limit.ts";

type Timeout = (promise: Promise<unknown>, options: object) => Promise<unknown>;

const timeoutOf = async (): Promise<Timeout> => (await load<{ default: Timeout }>("p-timeout")).default;
const options = (milliseconds: number, signal: AbortSignal | undefined) =>
  signal === undefined ? { milliseconds } : { milliseconds, signal };

export const pTimeout: Library = {
  name: "p-timeout",
  settings: "`milliseconds`, `signal`; with p-limit where a limit is asked for",
  signals: true,
  async timeout(ms) {
    const timeout = await timeoutOf();
    return (work, signal) => timeout(work({ signal }), options(ms, signal));
  },
  async timeoutAroundLimit(ms, max) {
    const timeout = await timeoutOf();
    const limit = await pLimitOf(max);
    return (work, signal) =>
      timeout(
        limit(() => work({ signal })),
        options(ms, signal),
      );
  },
  async timeoutInLimit(ms, max) {
    const timeout = await timeoutOf();
    const limit = await pLimitOf(max);
    return (work, signal) => limit(() => timeout(work({ signal }), options(ms, signal)));
  },
};
