/*
 * What came along with a request, such as route parameters or an `env`, is kept at the request: a property costs less than an entry in a
 * weak map, for each request. Edges that may stand inside each other have a property each.
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

/** What came along with this request; undefined where a layer made another one of it. */
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

/** Hands on what came along with a request, to one that a layer made of it. */
export function handOnContext(from: object, to: object): void {
  for (const key of [context, hono] as const) {
    const value = (from as WithContext)[key];
    if (value !== undefined) Object.assign(to, { [key]: value });
  }
}
