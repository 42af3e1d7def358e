/*
 * The context of a request, such as route parameters or an `env`, is a property of the request, which costs less than an entry in a weak
 * map. Each kind of edge has its own property, and each guard its own entry, for edges may be nested.
 */
const context = Symbol.for("@sluice/http/context");
const hono = Symbol.for("@sluice/http/hono");

/** What one guard was given along with a request. */
interface Given {
  readonly guard: object;
  readonly values: readonly unknown[];
  /** Of the guards outside of it. */
  readonly before: Given | undefined;
}

interface WithContext {
  [context]?: Given | undefined;
  [hono]?: unknown;
}

export function setContext(request: object, guard: object, values: readonly unknown[]): void {
  const before = (request as WithContext)[context];
  (request as WithContext)[context] = { guard, values, before };
}

/** What this guard was given along with this request; undefined where a layer has replaced the request. */
export function contextOf(request: object, guard: object): readonly unknown[] | undefined {
  let given = (request as WithContext)[context];
  while (given !== undefined && given.guard !== guard) given = given.before;
  return given?.values;
}

/** As {@link setContext}, for the work behind a guard of Hono. */
export function setHonoWork(request: object, work: unknown): void {
  (request as WithContext)[hono] = work;
}

export function honoWorkOf(request: object): unknown {
  return (request as WithContext)[hono];
}

/** Copies the context of a request to one that a layer made from it. */
export function handOnContext(from: object, to: object): void {
  for (const key of [context, hono] as const) {
    const value = (from as WithContext)[key];
    if (value !== undefined) Object.assign(to, { [key]: value });
  }
}
