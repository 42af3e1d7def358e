/*
 * The context of a request, such as route parameters or an `env`, is a property of the request, which costs less than an entry in a weak
 * map. Each kind of edge has its own property, for edges may be nested.
 */
const context = Symbol.for("@sluice/http/context");
const hono = Symbol.for("@sluice/http/hono");

interface WithContext {
  [context]?: readonly unknown[];
  [hono]?: unknown;
}

export function setContext(request: object, values: readonly unknown[]): void {
  (request as WithContext)[context] = values;
}

/** The context of this request; undefined where a layer has replaced the request. */
export function contextOf(request: object): readonly unknown[] | undefined {
  return (request as WithContext)[context];
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
