import { isRefusal, type Refusal, refuse, takeRefusal } from "@sluice/core";
import { layerName } from "./options.ts";

/** Collects why endpoints granted no permit. The refusal or error with the shortest `retryAfter` stands for all. */
export class Refusals {
  /** Whether an endpoint has no room, and callers may wait for it. */
  full = false;
  /** Whether an endpoint threw. */
  failed = false;
  private refusal: Refusal | undefined = undefined;
  /** The error that stands for all. */
  reason: unknown = undefined;
  private errorAfter = Number.POSITIVE_INFINITY;

  /** An endpoint has no room. Takes the refusal that it left. */
  refused(): void {
    const refusal = takeRefusal();
    this.full = true;
    if (refusal !== undefined && (this.refusal === undefined || after(refusal) < after(this.refusal))) {
      this.refusal = refusal;
    }
  }

  /** An endpoint threw, or its readiness failed. */
  threw(error: unknown): void {
    const errorAfter = isRefusal(error) ? after(error) : Number.POSITIVE_INFINITY;
    if (!this.failed || errorAfter < this.errorAfter) {
      this.reason = error;
      this.errorAfter = errorAfter;
    }
    this.failed = true;
  }

  /** Leaves the refusal for the caller, and returns undefined. Throws where all endpoints threw. */
  leave(label: string | undefined): undefined {
    if (this.full || !this.failed) return refuse(this.refusal?.layer ?? layerName, this.refusal ?? { label });
    throw this.reason;
  }
}

function after({ retryAfter }: { readonly retryAfter?: number | undefined }): number {
  return retryAfter ?? Number.POSITIVE_INFINITY;
}
