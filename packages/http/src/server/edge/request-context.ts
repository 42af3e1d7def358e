/** What came along with a request: route parameters, an `env`. A layer that replaces the request hands it on. */
const context = Symbol.for("@sluice/http/context");

interface WithContext {
  [context]?: readonly unknown[];
}

export function setContext(request: object, values: readonly unknown[]): void {
  // A property costs less than an entry in a weak map, for each request.
  (request as WithContext)[context] = values;
}

/** What came along with this request; undefined where a layer made another one of it. */
export function contextOf(request: object): readonly unknown[] | undefined {
  return (request as WithContext)[context];
}
