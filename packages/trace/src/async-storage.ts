/** As much of `AsyncLocalStorage` as is used. */
export interface AsyncStorage<T> {
  getStore(): T | undefined;
  run<R, A extends readonly unknown[]>(store: T, callback: (...args: A) => R, ...args: A): R;
}

type StorageClass = new <T>() => AsyncStorage<T>;

/** Where runtimes have it. */
interface Runtime {
  /** Node.js, Deno, Bun, and Workers with `nodejs_compat`. */
  readonly process?: {
    getBuiltinModule?(name: string): { readonly AsyncLocalStorage: StorageClass } | undefined;
  };
  /** Edge runtimes that have no modules of Node's. */
  readonly AsyncLocalStorage?: StorageClass;
}

/** A storage for values that follow asynchronous work; undefined where the runtime has none. Not by an import, which no bundler for browsers takes. */
export function asyncStorage<T>(runtime: object = globalThis): AsyncStorage<T> | undefined {
  const { process, AsyncLocalStorage } = runtime as Runtime;
  const Storage = process?.getBuiltinModule?.("node:async_hooks")?.AsyncLocalStorage ?? AsyncLocalStorage;
  return Storage && new Storage<T>();
}
