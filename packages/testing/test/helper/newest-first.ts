import type { Lease, ReadyOptions, WaitingLine } from "@sluice/core";
import { Line } from "@sluice/core/kit";

/** A line in which the last to come is served first. */
export class NewestFirst implements WaitingLine<Lease> {
  private readonly line: Line<Lease>;

  constructor(serve: () => void) {
    this.line = new Line(serve);
  }

  get size(): number {
    return this.line.size;
  }

  blocks(): boolean {
    return this.line.blocks();
  }

  join(options: ReadyOptions<unknown>): Promise<Lease> {
    return this.line.join(options);
  }

  grant(lease: Lease): void {
    this.line.grant(lease, this.line.last);
  }
}
