import { AsyncLocalStorage } from "node:async_hooks";
import { randomUUID } from "node:crypto";
import type { Work } from "./work.ts";

/** Only an id in async-local storage. */
export function traceByHand<Req, Res>(work: Work<Req, Res>, { uuid }: { readonly uuid: boolean }): Work<Req, Res> {
  const storage = new AsyncLocalStorage<string | number>();
  let count = 0;
  return (request, options) => storage.run(uuid ? randomUUID() : ++count, work, request, options);
}
