import { requireNoPromise, show } from "@sluice/core/kit";

/** A class of errors, as a value. */
export type FailureClass<E> = abstract new (...args: any) => E;

/** Says of anything whether it is an `E`. */
export type FailureGuard<E> = (error: unknown) => error is E;

/**
 * Whether an error is meant by `failure`: a guard is asked; a class of Sluice goes by its brand, so that two copies of
 * a package know each other's errors; any other class by `instanceof`.
 *
 * @throws TypeError when `failure` is neither
 */
export function failureMatcher(
  owner: string,
  failure: FailureClass<unknown> | FailureGuard<unknown>,
): (error: unknown) => boolean {
  if (typeof failure !== "function") {
    const className = classNameOf(failure);
    const received = className === undefined ? show(failure) : `an instance of ${className}: pass the class itself`;
    throw new TypeError(
      `${owner}: failure must be a class of errors or a guard (error) => boolean; received ${received}`,
    );
  }
  if (!isClass(failure)) {
    return (error) => {
      const answer: unknown = failure(error);
      requireNoPromise(owner, "the guard", "true or false", answer);
      return Boolean(answer);
    };
  }
  const brands = brandsOf(failure.prototype as object);
  if (brands.length === 0) return (error) => unlessThrown(() => error instanceof failure) === true;
  return (error) =>
    typeof error === "object" &&
    error !== null &&
    unlessThrown(() => brands.every((brand) => (error as Record<symbol, unknown>)[brand] === true)) === true;
}

/** The name of the class of an error, of whichever realm; undefined where `value` is no error, or does not let itself be read. */
function classNameOf(value: unknown): string | undefined {
  return unlessThrown(() => {
    if (Object.prototype.toString.call(value) !== "[object Error]") return undefined;
    let { constructor } = value as object;
    // An anonymous class: the next one that has a name.
    while (constructor.name === "") constructor = Object.getPrototypeOf(constructor) as typeof constructor;
    const { name }: { readonly name: unknown } = constructor;
    return typeof name === "string" ? name : undefined;
  });
}

/** The registered symbols by which our errors are known. A subclass has none of its own: it means only its own instances. */
function brandsOf(prototype: object): readonly symbol[] {
  return Object.getOwnPropertySymbols(prototype).filter((symbol) => Symbol.keyFor(symbol)?.startsWith("@sluice/"));
}

/** A class's `prototype` is read-only, a function's is not; classes compiled to functions are known by their parent. */
function isClass(failure: FailureClass<unknown> | FailureGuard<unknown>): failure is FailureClass<unknown> {
  const prototype = unlessThrown(() => Object.getOwnPropertyDescriptor(failure, "prototype"));
  return prototype !== undefined && (prototype.writable === false || prototype.value instanceof Error);
}

/** The answer, or undefined where `look` throws: a proxy that was revoked is none of anything. */
function unlessThrown<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
