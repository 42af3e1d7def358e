/**
 * Marks a class of errors by a registered symbol, so that two copies of a package know each other's errors:
 * `instanceof` goes by identity and would not.
 */
export function brand(prototype: object, name: string): void {
  Object.defineProperty(prototype, symbolOf(name), { value: true });
}

/** Whether `value` is an error of the class that was branded `name`, by whichever copy of its package. Never throws. */
export function isBranded(value: unknown, name: string): boolean {
  try {
    return (value as Record<symbol, unknown>)[symbolOf(name)] === true;
  } catch {
    // Anything at all may have been thrown: undefined, null, a proxy that was revoked.
    return false;
  }
}

function symbolOf(name: string): symbol {
  return Symbol.for(`@sluice/${name}`);
}
