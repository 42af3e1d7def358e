import type { Work } from "./library.ts";

/** How a promise has settled. */
export type Ending = (
  | { readonly status: "fulfilled"; readonly value: unknown }
  | { readonly status: "rejected"; readonly reason: unknown }
  | { readonly status: "pending" }
) & { readonly ms: number };

/** Waits until a promise settles, at most `patience` milliseconds. Never rejects. */
export async function ending(promise: Promise<unknown>, patience = 2_000): Promise<Ending> {
  const began = performance.now();
  const passed = (): number => performance.now() - began;
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      resolve({ status: "pending", ms: passed() });
    }, patience);
    promise.then(
      (value) => {
        clearTimeout(timer);
        resolve({ status: "fulfilled", value, ms: passed() });
      },
      (reason: unknown) => {
        clearTimeout(timer);
        resolve({ status: "rejected", reason, ms: passed() });
      },
    );
  });
}

/** A caller that ignores its failure, which is not part of the question. */
export function ignore(promise: Promise<unknown>): void {
  promise.catch(() => {});
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Work that counts how many times it runs concurrently. */
export class Site {
  running = 0;
  most = 0;
  /** The work that has begun, in order. */
  readonly begun: string[] = [];

  /** Work that ignores its signal: a query that cannot be cancelled. */
  deaf(ms: number, name = ""): Work {
    return async () => {
      this.enter(name);
      await sleep(ms);
      this.running--;
      return name;
    };
  }

  /** Work that ends when its signal aborts. */
  held(name = ""): { readonly work: Work; readonly end: () => void } {
    let end = (): void => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const work: Work = async () => {
      this.enter(name);
      await ended;
      this.running--;
      return name;
    };
    return { work, end: () => end() };
  }

  private enter(name: string): void {
    this.begun.push(name);
    this.running++;
    this.most = Math.max(this.most, this.running);
  }
}

/** An error in a few words. */
export function nameOf(reason: unknown): string {
  if (!(reason instanceof Error)) return typeof reason === "string" ? `"${reason}"` : String(reason);
  const { name } = reason;
  return name === "Error" || name === "TypeError" ? `${name}: ${shortened(reason.message)}` : name;
}

const shortened = (text: string): string => (text.length > 40 ? `${text.slice(0, 40)}…` : text);

/** Whole milliseconds. */
export const inMs = (ms: number): string => `${Math.round(ms).toLocaleString("en")} ms`;
