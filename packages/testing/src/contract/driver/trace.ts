import type { Breach, Sentence } from "../promises/promises.ts";

/** What has happened, and what was seen broken. */
export class Chronicle {
  readonly lines: string[] = [];
  readonly breaches: Breach[] = [];
  /** Nothing was done since everything came to rest. */
  calm = true;
  /** Some microtasks have run since, but not all: who has been granted what is not known. */
  hasty = false;
  private later: (() => void)[] = [];

  /** Something is done. */
  did(line: string): void {
    this.lines.push(line);
    this.calm = false;
  }

  /** Something is seen. */
  saw(line: string): void {
    this.lines.push(line);
  }

  /** @param lines what led there; default: all that has happened */
  broken(sentence: Sentence, what: string, lines: readonly string[] = [...this.lines]): void {
    this.breaches.push({ sentence, what, schedule: lines });
  }

  /** Looks when everything has come to rest. */
  whenSettled(look: () => void): void {
    this.later.push(look);
  }

  /** Everything has come to rest. */
  settled(): void {
    const { later } = this;
    this.later = [];
    for (const look of later) look();
    this.calm = true;
    this.hasty = false;
  }
}
