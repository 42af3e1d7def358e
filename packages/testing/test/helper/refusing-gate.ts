import { type Gate, type Lease, OverloadedError } from "@sluice/core";

const kept: Lease = { cancel() {}, finish() {} };

/** Refuses one in so many, by throwing, and has nobody wait. */
abstract class RefusingGate implements Gate<unknown> {
  protected readonly oneIn: number;

  constructor(oneIn: number) {
    this.oneIn = oneIn;
  }

  abstract tryAcquire(): Lease;

  acquire(): Promise<Lease> {
    return Promise.resolve(this.tryAcquire());
  }
}

/** By counting how often it was asked. */
export class CountingGate extends RefusingGate {
  private asked = 0;

  override tryAcquire(): Lease {
    if (++this.asked % this.oneIn === 0) throw new OverloadedError("counting");
    return kept;
  }
}

/** By dice. */
export class DiceGate extends RefusingGate {
  override tryAcquire(): Lease {
    if (Math.random() * this.oneIn < 1) throw new OverloadedError("dice");
    return kept;
  }
}

/** By what is owed: each lease adds to it, one that is cancelled takes that off again, and a refusal pays. */
export class OwingGate extends RefusingGate {
  private owed = 0;

  override tryAcquire(): Lease {
    if (this.owed + 1 === this.oneIn) {
      this.owed = 0;
      throw new OverloadedError("owing");
    }
    this.owed++;
    return {
      cancel: () => {
        this.owed = Math.max(this.owed - 1, 0);
      },
      finish() {},
    };
  }
}
