import { isRefusal, type Refusal, refuse, takeRefusal } from "@sluice/core";
import { layerName } from "./options.ts";

/** Why the endpoints that were asked gave nothing: the one that is soonest to be asked again speaks for all. */
export class Refusals {
  /** Whether one of them has no room, and may be waited for. */
  full = false;
  /** Whether one of them threw. */
  failed = false;
  private refusal: Refusal | undefined = undefined;
  private error: unknown = undefined;
  private errorAfter = Number.POSITIVE_INFINITY;

  /** One has no room; what it said of it is taken. */
  refused(): void {
    const refusal = takeRefusal();
    this.full = true;
    if (refusal !== undefined && (this.refusal === undefined || after(refusal) < after(this.refusal))) {
      this.refusal = refusal;
    }
  }

  /** One threw, or its readiness failed. */
  threw(error: unknown): void {
    const errorAfter = isRefusal(error) ? after(error) : Number.POSITIVE_INFINITY;
    if (!this.failed || errorAfter < this.errorAfter) {
      this.error = error;
      this.errorAfter = errorAfter;
    }
    this.failed = true;
  }

  /** The failure that speaks for all. */
  get reason(): unknown {
    return this.error;
  }

  /** Leaves word of it, for who is told that there is no room. Throws where all threw. */
  leave(label: string | undefined): undefined {
    if (this.full || !this.failed) return refuse(this.refusal?.layer ?? layerName, this.refusal ?? { label });
    throw this.error;
  }
}

function after({ retryAfter }: { readonly retryAfter?: number | undefined }): number {
  return retryAfter ?? Number.POSITIVE_INFINITY;
}
