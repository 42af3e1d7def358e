/** The part of AsyncLocalStorage that is used here. */
interface Storage<T> {
  run<R>(store: T, callback: () => R): R;
  getStore(): T | undefined;
  disable(): void;
}

interface NodeLike {
  readonly getBuiltinModule?: (name: string) => { readonly AsyncLocalStorage: new <T>() => Storage<T> } | undefined;
}

/** Knows which operation code runs for, where the platform has `AsyncLocalStorage`. Elsewhere it runs the code and knows nothing. */
export class AsyncContext<T> {
  private readonly storage: Storage<T> | undefined;

  constructor() {
    // Looked up at run time, so that the package loads where there is no such module.
    const node = (globalThis as { readonly process?: NodeLike }).process;
    const hooks = node?.getBuiltinModule?.("node:async_hooks");
    this.storage = hooks && new hooks.AsyncLocalStorage<T>();
  }

  /** Whether the platform has async contexts. */
  get known(): boolean {
    return this.storage !== undefined;
  }

  get current(): T | undefined {
    return this.storage?.getStore();
  }

  /** Ends the tracking, which on older platforms slows down everything asynchronous. */
  stop(): void {
    try {
      this.storage?.disable();
    } catch {
      // Workers cannot, and need not.
    }
  }

  run<R>(whom: T, callback: () => R): R {
    return this.storage === undefined ? callback() : this.storage.run(whom, callback);
  }
}
