import { type Service, serviceFn } from "@sluice/core";
import { fault, type Load } from "./load.ts";
import type { Meter } from "./meters.ts";
import type { Job, Operation } from "./operation.ts";

/** The service that does all work. */
export interface Workplace extends Load {
  /** Functions that settle the work that does not settle by itself. */
  readonly stuck: Set<() => void>;
  /** Work that was started, so far. */
  started: number;
  /** All work is stuck from now on. */
  hold: boolean;
  /** Called when work has settled, in the same turn. */
  settled: (operation: Operation) => void;
}

/** Answers, fails, throws, answers early and registers the rest with `waitUntil`, ignores its signal, or settles only when it is released. */
export function work(place: Workplace, meters: readonly Meter[]): Service<Job, number> {
  const { clock, random, pace } = place;
  const start = (operation: Operation): void => {
    if (!operation.unstarted) fault(place, `${operation.stack}: started twice in an attempt, or outside of any`);
    if (operation.ended > 0) fault(place, `${operation.stack}: started after its caller was told`);
    operation.unstarted = false;
    operation.running++;
    place.started++;
    for (const meter of meters) meter.start();
  };
  const end = (operation: Operation): void => {
    for (const meter of meters) meter.end();
    operation.running--;
    place.settled(operation);
  };
  const failed = (operation: Operation, message: string): Error => {
    const error = new Error(message);
    operation.failures.push(error);
    return error;
  };
  return serviceFn(({ operation }: Job, { signal, waitUntil }): Promise<number> | number => {
    start(operation);
    const kind = place.hold ? 0.06 : random();
    if (kind < 0.05) {
      end(operation);
      throw failed(operation, "thrown at once");
    }
    if (kind < 0.08) {
      return new Promise((resolve) => {
        place.stuck.add(() => {
          end(operation);
          resolve(operation.id);
        });
      });
    }
    if (kind > 0.97) {
      end(operation);
      return operation.id;
    }
    const settles = new Promise<number>((resolve, reject) => {
      const finish = (): void => {
        signal?.removeEventListener("abort", aborted);
        end(operation);
        if (kind < 0.25) reject(failed(operation, "failed"));
        else resolve(operation.id);
      };
      const timer = clock.setTimeout(finish, random() * 60 * pace);
      const aborted = (): void => {
        clock.clearTimeout(timer);
        end(operation);
        reject(signal?.reason);
      };
      // The others ignore their signal.
      if (kind < 0.7) signal?.addEventListener("abort", aborted, { once: true });
    });
    if (kind < 0.92 || waitUntil === undefined) return settles;
    waitUntil(settles);
    return operation.id;
  });
}
