import { type Fault, seen } from "../fault.ts";
import { ending } from "../work.ts";

const requests = 1_000;

export const fault: Fault = {
  name: "budget",
  title: `All is down, ${requests.toLocaleString("en")} requests, up to 3 retries each: how many calls with a retry budget?`,
  needs: ["retryWithBudget"],
  async ask(library) {
    const call = await library.retryWithBudget({ retries: 3, base: 1, max: 2 });
    let calls = 0;
    const work = async (): Promise<never> => {
      calls++;
      throw new Error("down");
    };
    await Promise.all(Array.from({ length: requests }, () => ending(call(work))));
    return seen(`${(calls / requests).toFixed(2)} a request`, calls < requests * 1.4);
  },
};
