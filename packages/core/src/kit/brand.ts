/** What {@link brand} makes of a class of errors. */
export interface Branding {
  /** The brand, and the `name` of the errors: `"OverloadedError"`. Globally unique, for instance prefixed by a package. */
  readonly name: string;
  /** Whether the error is a refusal: nothing was tried, so that trying elsewhere or later is safe. Default false. */
  readonly refusal?: boolean | undefined;
}

/** Not of the form of a brand: a class of errors is known by its brand alone. */
const refusalMark = Symbol.for("sluice.refusal");

/**
 * Brands a class of errors by a registered symbol, so that two copies of a package know each other's errors: `instanceof`
 * goes by identity and does not. It also gives the class and its errors their name, whatever a bundler renamed the class to.
 *
 * @example
 * class QuotaError extends SluiceError {
 *   readonly code = "QUOTA";
 * }
 * brand(QuotaError, { name: "QuotaError", refusal: true });
 */
export function brand(errorClass: abstract new (...args: never) => Error, branding: Branding): void {
  const { name, refusal = false } = branding;
  const { prototype } = errorClass as { prototype: object };
  Object.defineProperty(errorClass, "name", { value: name });
  // On the prototype, so that it is there before the engine writes the head of the stack trace.
  Object.defineProperty(prototype, "name", { value: name, configurable: true, writable: true });
  Object.defineProperty(prototype, symbolOf(name), { value: true });
  if (refusal) Object.defineProperty(prototype, refusalMark, { value: true });
}

/** Whether `value` is an error of the class that was branded `name`, by whichever copy of its package. Never throws. */
export function isBranded(value: unknown, name: string): boolean {
  return isMarked(value, symbolOf(name));
}

/** Whether `value` is an error of a class that was branded as a refusal, by whichever copy of its package. Never throws. */
export function isBrandedRefusal(value: unknown): boolean {
  return isMarked(value, refusalMark);
}

function isMarked(value: unknown, mark: symbol): boolean {
  try {
    return (value as Record<symbol, unknown>)[mark] === true;
  } catch {
    // Anything at all may have been thrown: undefined, null, a proxy that was revoked.
    return false;
  }
}

function symbolOf(name: string): symbol {
  return Symbol.for(`@sluice/${name}`);
}
