import { type Fault, seen } from "../fault.ts";
import { ending, ignore, sleep } from "../work.ts";

export const fault: Fault = {
  name: "lost-probe",
  title: "A breaker's probe never settles, its caller aborts: is another call admitted after the next pause?",
  needs: ["breaker"],
  async ask(library) {
    const call = await library.breaker({ failures: 2, reset: 50 });
    for (let index = 0; index < 4; index++) await ending(call(async () => Promise.reject(new Error("down"))));
    await sleep(80);
    const leaving = new AbortController();
    ignore(call(() => new Promise<never>(() => {}), leaving.signal));
    await sleep(5);
    leaving.abort();
    // It may be open again now, and half open a pause later.
    for (let tries = 0; tries < 10; tries++) {
      await sleep(30);
      const { status } = await ending(
        call(async () => "later"),
        500,
      );
      if (status === "fulfilled") return seen("yes", true);
      if (status === "pending") return seen("no: it hangs", false);
    }
    return seen("no: refused", false);
  },
  notes: { cockatiel: "A `timeout` inside the breaker would end the probe." },
};
