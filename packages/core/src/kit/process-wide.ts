/**
 * The one object of this name for all copies of this package in a process: `initial`, of whichever copy comes first. A
 * process may load the package as an ES module and as CommonJS, or in two versions. So what it holds may only grow from version to
 * version.
 *
 * @example
 * const registry = processWide("my-package.pools", new Set<Pool>());
 *
 * @param name for what is not of this library, prefixed by the name of your package
 */
export function processWide<T extends object>(name: string, initial: T): T {
  return ((globalThis as Record<symbol, unknown>)[Symbol.for(`@sluice/${name}`)] ??= initial) as T;
}
