/** The part of AsyncLocalStorage that is used here. */
interface Storage<T> {
  run<R>(store: T, callback: () => R): R;
  getStore(): T | undefined;
  disable(): void;
}

interface NodeLike {
  readonly getBuiltinModule?: (name: string) => { readonly AsyncLocalStorage: new <T>() => Storage<T> } | undefined;
}

/** Says on whose behalf code runs, where the platform can tell; elsewhere it only runs it. */
export class AsyncContext<T> {
  private readonly storage: Storage<T> | undefined;

  constructor() {
    // Asked for at run time, so that the package loads where there is no such module.
    const node = (globalThis as { readonly process?: NodeLike }).process;
    const hooks = node?.getBuiltinModule?.("node:async_hooks");
    this.storage = hooks && new hooks.AsyncLocalStorage<T>();
  }

  /** Whether the platform can tell. */
  get known(): boolean {
    return this.storage !== undefined;
  }

  get current(): T | undefined {
    return this.storage?.getStore();
  }

  /** Nobody asks any more: on older platforms it slows down everything that is asynchronous. */
  stop(): void {
    this.storage?.disable();
  }

  run<R>(whom: T, callback: () => R): R {
    return this.storage === undefined ? callback() : this.storage.run(whom, callback);
  }
}
