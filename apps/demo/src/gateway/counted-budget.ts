import { type RetryBudget, retryBudget, type RetryBudgetOptions } from "@sluice/retry";

/** A retry budget that also says what was asked of it. */
export class CountedBudget implements RetryBudget {
  /** Retries it allowed. */
  allowed = 0;
  /** Retries it forbade. */
  denied = 0;
  private readonly budget: RetryBudget;

  constructor(options: RetryBudgetOptions) {
    this.budget = retryBudget(options);
  }

  get balance(): number {
    return this.budget.balance;
  }

  deposit(): void {
    this.budget.deposit();
  }

  withdraw(): boolean {
    const allowed = this.budget.withdraw();
    if (allowed) this.allowed++;
    else this.denied++;
    return allowed;
  }
}
