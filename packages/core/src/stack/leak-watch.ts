import type { Service } from "../contract/service.ts";
import { processWide } from "../kit/process-wide.ts";

/** What a permit holds, as far as a watch has to know. */
export interface Held {
  start(...call: readonly any[]): Promise<unknown>;
  cancel(): void;
}

/** Who is asked for permits. */
export type Asked = Pick<Service<never, unknown>, "tryReady" | "ready">;

/** Where whoever looks for leaks (`@sluice/core/leaks`) takes its place. */
interface LeakWatch {
  /**
   * `service` is asked for a permit. The answer takes what was reserved, and gives back what the permit shall hold in its
   * place. Undefined while nobody looks.
   */
  watch?: ((service: Asked, method: keyof Asked) => (held: Held) => Held) | undefined;
}

/** Whoever looks for leaks means those of all copies of this package, in whatever order they are loaded. */
export const leakWatch: LeakWatch = processWide<LeakWatch>("leak-watch", {});
