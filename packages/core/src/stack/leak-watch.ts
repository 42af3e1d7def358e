import type { Service } from "../contract/service.ts";
import { processWide } from "../kit/process-wide.ts";

/** What a permit holds, as far as a watch has to know. */
export interface Held {
  start(...call: readonly any[]): Promise<unknown>;
  cancel(): void;
}

/** A service, as far as it gives out permits. */
export type Asked = Pick<Service<never, unknown>, "tryReady" | "ready">;

/** Where the leak detection (`@sluice/core/leaks`) installs itself. */
interface LeakWatch {
  /**
   * `service` is asked for a permit. The answer takes what was reserved, and releases what the permit shall hold in its
   * place. Undefined while it is off.
   */
  watch?: ((service: Asked, method: keyof Asked) => (held: Held) => Held) | undefined;
}

/** Shared by all copies of this package, in whatever order they are loaded: leaks of all of them are detected. */
export const leakWatch: LeakWatch = processWide<LeakWatch>("leak-watch", {});
