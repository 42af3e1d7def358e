import type { AnyService } from "@sluice/core";
import { report, show } from "@sluice/core/kit";
import type { EndpointEntry, EndpointOptions } from "./options.ts";

/** A change of the set of endpoints, as an async iterable yields it. */
export type EndpointUpdate<S extends AnyService> = { readonly add: EndpointEntry<S> } | { readonly delete: unknown };

/** The receiver of the changes. */
export interface Discovered {
  add(key: unknown, service: AnyService, options: EndpointOptions | undefined): void;
  delete(key: unknown): unknown;
}

/** Reads an async iterable of changes until it ends, fails, or is stopped. */
export class Discovery {
  private readonly iterator: AsyncIterator<unknown>;
  private readonly discovered: Discovered;
  private readonly failed: (cause: unknown) => void;
  private stopped = false;

  constructor(source: AsyncIterable<unknown>, discovered: Discovered, failed: (cause: unknown) => void) {
    this.discovered = discovered;
    this.failed = failed;
    this.iterator = source[Symbol.asyncIterator]();
    void this.read();
  }

  /** Stops reading, and calls the `return` of the iterator. */
  stop(): void {
    if (this.stopped) return;
    this.stopped = true;
    try {
      Promise.resolve(this.iterator.return?.()).catch(report);
    } catch (error) {
      report(error);
    }
  }

  private async read(): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await this.iterator.next();
        if (this.stopped) return;
        if (done) break;
        this.take(value);
      }
    } catch (error) {
      if (!this.stopped) this.failed(error);
    }
    this.stopped = true;
  }

  /** Applies an update. An invalid one is reported to `failed`, and reading goes on. */
  private take(update: unknown): void {
    try {
      const { add, ...rest } = update as { readonly add?: EndpointEntry<AnyService>; readonly delete?: unknown };
      if (add !== undefined) this.discovered.add(add[0], add[1], add[2]);
      else if ("delete" in rest) this.discovered.delete(rest.delete);
      else throw new TypeError("It has neither add nor delete.");
    } catch (cause) {
      const wanted = "{ add: [key, service] } or { delete: key }";
      this.failed(
        new TypeError(`balance: an update of endpoints must be ${wanted}; received ${show(update)}`, { cause }),
      );
    }
  }
}
