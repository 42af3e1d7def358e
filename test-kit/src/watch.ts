import { turn } from "./turns.ts";

/** How a promise has settled by now, without waiting for it: "pending" where it has not. */
export async function stateOf(promise: Promise<unknown>): Promise<"pending" | "fulfilled" | "rejected"> {
  const state = watch(promise);
  await turn();
  return ({ pending: "pending", kept: "fulfilled", broken: "rejected" } as const)[state()[0]];
}

/** The state of a promise: `["pending"]`, `["kept", value]` or `["broken", reason]`. */
export function watch(promise: Promise<unknown>): () => readonly [state: State, value?: unknown] {
  let state: readonly [State, unknown?] = ["pending"];
  promise.then(
    (value) => {
      state = ["kept", value];
    },
    (reason: unknown) => {
      state = ["broken", reason];
    },
  );
  return () => state;
}

type State = "pending" | "kept" | "broken";
