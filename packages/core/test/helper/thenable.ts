/** An object with a `then` of the test's own. */
export function thenable(then: (resolve: (value: unknown) => void, reject: (reason: unknown) => void) => void): object {
  // oxlint-disable-next-line unicorn/no-thenable -- it is what is tested
  return { then };
}
