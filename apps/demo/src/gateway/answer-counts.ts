import type { ServerResponse } from "node:http";

/** What became of the requests that were there when a drain began, and of those that came later. */
export interface DrainCounts {
  readonly inFlight: number;
  readonly answered: number;
  readonly refused: number;
}

/** Counts answers once they have been written; a client that leaves before gets none. */
export class AnswerCounts {
  /** Answers since the start, by status. */
  readonly byStatus: Record<string, number> = {};
  private readonly open = new Set<ServerResponse>();
  private leaving: { readonly inFlight: ReadonlySet<ServerResponse>; answered: number; refused: number } | undefined;

  watch(response: ServerResponse): void {
    this.open.add(response);
    response.once("close", () => {
      this.open.delete(response);
      if (response.writableFinished) this.count(response);
    });
  }

  /** A drain begins: what is open now is in flight. */
  leave(): void {
    this.leaving ??= { inFlight: new Set(this.open), answered: 0, refused: 0 };
  }

  /** Of the drain so far. */
  drained(): DrainCounts {
    const { inFlight, answered = 0, refused = 0 } = this.leaving ?? {};
    return { inFlight: inFlight?.size ?? 0, answered, refused };
  }

  private count(response: ServerResponse): void {
    const { statusCode } = response;
    this.byStatus[statusCode] = (this.byStatus[statusCode] ?? 0) + 1;
    if (this.leaving?.inFlight.has(response)) this.leaving.answered++;
    else if (this.leaving !== undefined && statusCode === 503) this.leaving.refused++;
  }
}
