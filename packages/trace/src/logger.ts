import { readOption, requireMethods, show } from "@sluice/core/kit";

/** What a logger's method is to us: pino's, the console's, and others' fit. */
export type LogMethod = (...args: any[]) => unknown;

/**
 * Somewhere to write to: pino, the console, or what is shaped like one of them.
 *
 * A logger that has `child` (pino, bunyan, Fastify's) is called `(fields, message)`, any other (the console, a literal
 * of your own) `(message, fields)`. One that has `isLevelEnabled` (pino, Fastify's) is asked before a line is made up.
 */
export interface Logger {
  /** Writes the beginning, and the end of what did not fail. */
  readonly info: LogMethod;
  /** Writes failures. */
  readonly warn: LogMethod;
}

/** Where lines are written. Neither function throws. */
export interface Log {
  /** Whether a line at this level is written anywhere: asked before its fields are made. */
  readonly enabled: (level: string) => boolean;
  readonly write: (level: string, message: string, fields: object) => void;
}

/** Undefined where there is no logger. @throws TypeError when `level` is not a string, or `logger` has no such method, or no `warn` */
export function logTo(logger: Logger | undefined, level: string): Log | undefined {
  if (typeof level !== "string") {
    throw new TypeError(`trace: level must be the name of a method of the logger; received ${show(level)}`);
  }
  if (logger === undefined) return undefined;
  requireMethods("trace", "logger", logger, "a logger", [level, "warn"]);
  const methods = logger as unknown as Record<string, LogMethod>;
  const fieldsFirst = typeof readOption("trace", logger, "child", "logger.child") === "function";
  const asks = typeof readOption("trace", logger, "isLevelEnabled", "logger.isLevelEnabled") === "function";
  return {
    enabled: asks ? (method) => harmless(() => methods["isLevelEnabled"]?.(method)) !== false : () => true,
    write(method, message, fields) {
      harmless(() => {
        const written = fieldsFirst ? methods[method]?.(fields, message) : methods[method]?.(message, fields);
        if (written instanceof Promise) written.catch(() => {});
      });
    },
  };
}

/** The answer, or undefined where `run` throws: what only looks on must not harm a call. */
export function harmless<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}
