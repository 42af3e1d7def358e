import { type Fault, seen } from "../fault.ts";
import { ending, inMs } from "../work.ts";

export const fault: Fault = {
  name: "no-time-left",
  title: "100 ms are left and the pause would be longer: does it begin?",
  needs: ["retryWithin"],
  async ask(library) {
    const ends = await Promise.all(
      Array.from({ length: 10 }, async () => {
        const call = await library.retryWithin({ retries: 3, base: 60_000, max: 60_000 }, 100);
        let calls = 0;
        const end = await ending(
          call(async () => {
            calls++;
            throw new Error("busy");
          }),
          500,
        );
        return { ms: end.ms, calls };
      }),
    );
    const longest = Math.max(...ends.map(({ ms }) => ms));
    const calls = Math.max(...ends.map((each) => each.calls));
    return longest < 50
      ? seen("no: told at once", true)
      : seen(`told after ${inMs(longest)}${calls > 1 ? `, ${calls} calls` : ""}`, false);
  },
  documented: { "p-retry": "By its documentation `maxRetryTime` shortens the last pause." },
};
