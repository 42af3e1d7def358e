import { createHook } from "node:async_hooks";

/** The resource type of a timer in Node.js. */
interface Timer {
  hasRef(): boolean;
  readonly _destroyed: boolean;
}

const ours = /[\\/]packages[\\/][a-z-]+[\\/]src[\\/]/;

/**
 * Watches the real timers that our packages arm during `run`. `armed()` is how many of them are armed and keep this process alive. Timers
 * of the test runner are not counted.
 */
export async function timersOfOurs(run: (armed: () => number) => unknown): Promise<void> {
  const timers: Timer[] = [];
  const hook = createHook({
    init(_id, type, _trigger, resource) {
      if (type !== "Timeout") return;
      const { stackTraceLimit } = Error;
      Error.stackTraceLimit = 50;
      if (ours.test(String(new Error().stack))) timers.push(resource as Timer);
      Error.stackTraceLimit = stackTraceLimit;
    },
  });
  hook.enable();
  try {
    // oxlint-disable-next-line no-underscore-dangle -- node calls it so
    await run(() => timers.filter((timer) => !timer._destroyed && timer.hasRef()).length);
  } finally {
    hook.disable();
  }
}
