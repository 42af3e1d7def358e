import { keepRequest } from "@sluice/core/kit";

/**
 * Registers a call with the runtime where the runtime ends a request whose client has left, as Workers do. Otherwise its permits would
 * never be released. Does nothing elsewhere.
 */
export function keepUntil(answer: Promise<unknown>, waitUntil: ((work: Promise<unknown>) => void) | undefined): void {
  const letGo = keepRequest();
  if (letGo === undefined) return;
  const over = answer.then(letGo, letGo);
  waitUntil?.(over);
}
