import type { Work } from "./library.ts";

/** What a promise came to. */
export type Ending = (
  | { readonly status: "fulfilled"; readonly value: unknown }
  | { readonly status: "rejected"; readonly reason: unknown }
  | { readonly status: "pending" }
) & { readonly ms: number };

/** Waits for what a promise comes to, and no longer than so many milliseconds. Never rejects. */
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

/** A caller who looks away: its failure is none of this question. */
export function ignore(promise: Promise<unknown>): void {
  promise.catch(() => {});
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Work that counts how often it runs at once. */
export class Site {
  running = 0;
  most = 0;
  /** Who has begun, in order. */
  readonly begun: string[] = [];

  /** Work that takes its time, whatever its signal says: a query that cannot be cancelled. */
  deaf(ms: number, name = ""): Work {
    return async () => {
      this.enter(name);
      await sleep(ms);
      this.running--;
      return name;
    };
  }

  /** Work that ends when it is told to. */
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
