import { type Fault, seen } from "../fault.ts";
import { ending, ignore, Site, sleep } from "../work.ts";

export const fault: Fault = {
  name: "lost-probe",
  title: "A breaker's probe never settles, its caller gave up: is another let in after the next pause?",
  needs: ["breaker"],
  async ask(library) {
    const call = await library.breaker({ failures: 2, reset: 50 });
    for (let index = 0; index < 4; index++) await ending(call(async () => Promise.reject(new Error("down"))));
    await sleep(80);
    const leaving = new AbortController();
    ignore(call(() => new Promise<never>(() => {}), leaving.signal));
    await sleep(5);
    leaving.abort();
    await sleep(200);
    const site = new Site();
    const { status } = await ending(call(site.deaf(1, "later")), 500);
    return seen(
      status === "fulfilled" ? "yes" : status === "pending" ? "no: it hangs" : "no: refused",
      status === "fulfilled",
    );
  },
  notes: { cockatiel: "A `timeout` inside the breaker would end the probe." },
};
