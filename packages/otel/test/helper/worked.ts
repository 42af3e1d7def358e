import { type Service, ServiceBuilder } from "@sluice/core";
import { concurrencyLimit } from "@sluice/limit";
import { type Meter, meter } from "@sluice/meter";
import { deferred, failureOf } from "@sluice/test-kit";
import { VirtualClock } from "@sluice/testing";

/** What {@link worked} answers with. */
interface Worked {
  readonly clock: VirtualClock;
  readonly seen: Meter;
  readonly service: Service<string, string>;
  /** Ends what is still going on. */
  readonly end: () => Promise<void>;
}

/** A limit of two inside a meter that has counted one of everything, and what is still going on. */
export async function worked(point = "orders", attributes: Record<string, string> = {}): Promise<Worked> {
  const clock = new VirtualClock();
  const seen: Meter = meter(point, { clock, attributes });
  const limit = concurrencyLimit(2, { clock });
  const abandoned = deferred();
  const running = deferred();
  const service = new ServiceBuilder()
    .layer(seen)
    .layer(limit)
    .serviceFn(async (request: string, { waitUntil, signal }) => {
      if (request === "abandon") waitUntil?.(abandoned.promise);
      if (request === "fail") throw Object.assign(new Error("card 4111 was declined"), { code: "E503" });
      if (request === "run") await running.promise;
      if (request === "abort")
        await new Promise((_, reject) => signal!.addEventListener("abort", () => reject(signal!.reason)));
      if (request === "slow") await new Promise<void>((done) => clock.setTimeout(done, 300));
      return request;
    });
  const slow = [service.call("slow"), service.call("slow")];
  const waited = service.call("ok"); // for 300 ms
  if (service.tryReady() !== undefined) throw new Error("There was room.");
  const leaving = new AbortController();
  const left = failureOf(service.call("ok", { signal: leaving.signal }));
  leaving.abort();
  await left;
  await clock.advanceAsync(300);
  await Promise.all([...slow, waited]);
  await failureOf(service.call("fail"));
  const aborting = new AbortController();
  const aborted = failureOf(service.call("abort", { signal: aborting.signal }));
  aborting.abort();
  await aborted;
  service.tryReady()!.release();
  await service.call("abandon");
  const last = service.call("run");
  const waiting = service.call("ok");
  return {
    clock,
    seen,
    service,
    async end() {
      abandoned.resolve(undefined);
      running.resolve(undefined);
      await Promise.all([last, waiting]);
    },
  };
}
