import { dispose } from "../contract/dispose.ts";
import type { AttemptEvent, Events, LayerEvent } from "../contract/events.ts";
import { requireFunction } from "../kit/check.ts";
import { processWide } from "../kit/process-wide.ts";
import { report } from "../kit/report.ts";

type Listener = (event: LayerEvent) => void;
type Provider = <T>(event: AttemptEvent, run: () => T) => T;

class ProcessEvents implements Events {
  // Plain members: reading one is all that an event costs without listeners.
  listening = false;
  carrying = false;
  // Replaced at each change, so that a listener may come or go while an event is told.
  private listeners: readonly Listener[] = [];
  private providers: readonly Provider[] = [];

  emit(event: LayerEvent): void {
    for (const listener of this.listeners) {
      // It may have been disposed of by the one before it.
      if (!this.listeners.includes(listener)) continue;
      try {
        listener(event);
      } catch (error) {
        report(error);
      }
    }
  }

  subscribe(listener: Listener): Disposable {
    requireFunction("events.subscribe", "listener", listener);
    // A function of its own, so that one listener may subscribe twice.
    const own: Listener = (event) => {
      listener(event);
    };
    this.setListeners([...this.listeners, own]);
    return disposable(() => {
      this.setListeners(this.listeners.filter((other) => other !== own));
    });
  }

  within<T>(event: AttemptEvent, run: () => T): T {
    let ended: Ended<T> | undefined;
    const once = (): T => {
      ended ??= endOf(run);
      if ("reason" in ended) throw ended.reason;
      return ended.value;
    };
    try {
      this.providers.reduceRight((inner, provider) => () => provider(event, inner), once)();
    } catch (error) {
      if (ended === undefined || !("reason" in ended) || ended.reason !== error) report(error);
    }
    // Outside of it, where a provider has not called it.
    return once();
  }

  carry(provider: Provider): Disposable {
    requireFunction("events.carry", "provider", provider);
    const own: Provider = (event, run) => provider(event, run);
    this.setProviders([...this.providers, own]);
    return disposable(() => {
      this.setProviders(this.providers.filter((other) => other !== own));
    });
  }

  private setListeners(listeners: readonly Listener[]): void {
    this.listeners = listeners;
    this.listening = listeners.length > 0;
  }

  private setProviders(providers: readonly Provider[]): void {
    this.providers = providers;
    this.carrying = providers.length > 0;
  }
}

type Ended<T> = { readonly value: T } | { readonly reason: unknown };

function endOf<T>(run: () => T): Ended<T> {
  try {
    return { value: run() };
  } catch (reason) {
    return { reason };
  }
}

function disposable(end: () => void): Disposable {
  return { [dispose]: end };
}

/**
 * What the layers of this process do, of whichever copy of this package: retries, refusals, timeouts, a buffer's closing.
 *
 * @example
 * const subscription = events.subscribe(({ type, layer, label }) => console.log(type, layer, label));
 * // … and when it is no longer wanted
 * subscription[Symbol.dispose]();
 */
export const events: Events = processWide<Events>("events", new ProcessEvents());
