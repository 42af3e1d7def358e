import type { Endpoint } from "./endpoint.ts";

/** Remembers at which endpoints a request object has been, as long as the object lives. */
export class Repeats {
  private readonly visited = new WeakMap<object, Endpoint[]>();

  /** A call with `request` begins at `endpoint`. */
  note(request: unknown, endpoint: Endpoint): void {
    if (!isObject(request)) return;
    const before = this.visited.get(request);
    if (before === undefined) this.visited.set(request, [endpoint]);
    else if (!before.includes(endpoint)) {
      // Without those that are deleted by now: a request that is sent again and again would keep them all.
      this.visited.set(request, [...before.filter(({ deleted }) => !deleted), endpoint]);
    }
  }

  /** The endpoints at which `request` has been. */
  of(request: unknown): readonly Endpoint[] {
    return (isObject(request) && this.visited.get(request)) || none;
  }
}

const none: readonly Endpoint[] = [];

function isObject(value: unknown): value is object {
  return Object(value) === value;
}
