import { longestTimer, readOptions, requireDuration, requireObject } from "@sluice/core/kit";

/** Options of `codel`. */
export interface CodelOptions {
  /**
   * How long a caller of the least important level waits while there is overload: milliseconds, above 0 and at most 2^31-1. It doubles
   * with each level above. Default 5.
   */
  readonly target?: number | undefined;
  /**
   * After how long without an empty line there is overload, and how long a caller waits at least while there is none: milliseconds,
   * above 0 and at most 2^31-1. Default 100.
   */
  readonly interval?: number | undefined;
}

/** Options of `codel` that were checked. */
interface RequiredCodel {
  readonly target: number;
  readonly interval: number;
}

/**
 * For how long callers wait: the target of their level while there is overload, and the longer of that and the interval while there is
 * none. The controlled delay of Nichols and Jacobson (RFC 8289) in the variant of Maurer, Fail at Scale (ACM Queue 2015).
 */
export class Patience {
  private readonly interval: number;
  /** The target of each level. */
  private readonly targets: readonly number[];

  constructor(levels: number, { target, interval }: RequiredCodel) {
    this.interval = interval;
    this.targets = Array.from({ length: levels }, (_, level) =>
      Math.min(target * 2 ** (levels - 1 - level), longestTimer),
    );
  }

  /** How long a caller of this level waits, in milliseconds. */
  of(level: number, overloaded: boolean): number {
    const target = this.targets[level] as number;
    return overloaded ? target : Math.max(this.interval, target);
  }
}

/**
 * The checked option `codel`; undefined where it is left out.
 *
 * @throws TypeError | RangeError when it is not in its range
 */
export function requireCodel(owner: string, codel: CodelOptions | true | undefined): RequiredCodel | undefined {
  if (codel === undefined) return undefined;
  if (codel !== true) requireObject(owner, "codel", codel);
  const given = codel === true ? undefined : codel;
  const { target = 5, interval = 100 } = readOptions(`${owner}: codel`, given, ["target", "interval"]);
  requireDuration(owner, "codel.target", target, { above: true });
  requireDuration(owner, "codel.interval", interval, { above: true });
  return { target, interval };
}
