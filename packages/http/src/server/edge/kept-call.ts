import { keepRequest } from "@sluice/core/kit";

/**
 * Where the runtime ends a request whose client has left, as Workers do: tells it of the call, or nobody gives the permits back. Does nothing
 * elsewhere.
 */
export function keepUntil(answer: Promise<unknown>, waitUntil: ((work: Promise<unknown>) => void) | undefined): void {
  const letGo = keepRequest();
  if (letGo === undefined) return;
  const over = answer.then(letGo, letGo);
  waitUntil?.(over);
}
