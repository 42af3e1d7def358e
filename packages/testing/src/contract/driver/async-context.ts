/** The part of AsyncLocalStorage that is used here. */
interface Storage<T> {
  run<R>(store: T, callback: () => R): R;
  getStore(): T | undefined;
  disable(): void;
}

interface NodeLike {
  readonly getBuiltinModule?: (name: string) => { readonly AsyncLocalStorage: new <T>() => Storage<T> } | undefined;
}

/** Tells for which operation code runs, where the platform has `AsyncLocalStorage`. Elsewhere it only runs the code. */
export class AsyncContext<T> {
  private readonly storage: Storage<T> | undefined;

  constructor() {
    // Looked up at run time, so that the package also loads where the module is missing.
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

  /** Ends the tracking, which slows down all asynchronous code on older platforms. */
  stop(): void {
    try {
      this.storage?.disable();
    } catch {
      // Workers have no `disable`, and do not need it.
    }
  }

  run<R>(whom: T, callback: () => R): R {
    return this.storage === undefined ? callback() : this.storage.run(whom, callback);
  }
}
