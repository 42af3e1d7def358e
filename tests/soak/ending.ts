import { isBufferClosedError } from "@sluice/buffer";
import { isOverloadedError } from "@sluice/load-shed";
import { isTimeoutError } from "@sluice/timeout";
import { isFilteredError } from "@sluice/util";
import { isRouteNotFoundError } from "@sluice/util-box";
import { fault, type Load } from "./load.ts";
import type { Operation } from "./operation.ts";

/** The outcome of an operation. */
export const endings = [
  "answered",
  "failed",
  "aborted",
  "timed out",
  "shed",
  "filtered",
  "closed",
  "no route",
  "given back",
] as const;
export type Ending = (typeof endings)[number];

/** The outcomes without work. A rate may refuse a later attempt. */
const idle: ReadonlySet<Ending> = new Set(["filtered", "given back"]);

/** How `operation` ended, after a check that this is valid for it. `known` are the outcomes that its stack can have. */
export function ending(load: Load, operation: Operation, known: ReadonlySet<Ending>, outcome: Outcome): Ending {
  const wrong = (what: string): void => fault(load, `${operation.stack}: ${what}`);
  const found = outcome.status === "fulfilled" ? "answered" : endingOf(operation, outcome.reason);
  if (++operation.ended > 1) wrong("an operation ended twice");
  if (outcome.status === "fulfilled") {
    if (outcome.value !== operation.id) wrong("the answer to another operation");
    if (!operation.answered) wrong("answered, and no work has answered");
  } else if (operation.answered) wrong(`${found}, and there was an answer`);
  if (found === undefined) wrong(`an ending that nobody knows: ${String((outcome as PromiseRejectedResult).reason)}`);
  else if (!known.has(found)) wrong(`${found}, which nobody there could say`);
  if (operation.aim === "before" && found !== "aborted") wrong(`${found}, and was aborted before`);
  const shed = found === "shed" && operation.stack === "shedding";
  if (operation.attempts > 0 && (operation.aim === "before" || shed || (found !== undefined && idle.has(found)))) {
    wrong(`${found}, and was started`);
  }
  return found ?? "failed";
}

type Outcome = PromiseSettledResult<number>;

function endingOf(operation: Operation, reason: unknown): Ending | undefined {
  if (reason === operation) return "given back";
  if (reason === operation.reason) return operation.signal.aborted ? "aborted" : undefined;
  if (operation.failures.includes(reason)) return "failed";
  if (isTimeoutError(reason)) return "timed out";
  if (isOverloadedError(reason)) return "shed";
  if (isFilteredError(reason)) return operation.id % 50 === 0 ? "filtered" : undefined;
  if (isBufferClosedError(reason)) return "closed";
  return isRouteNotFoundError(reason) ? "no route" : undefined;
}
