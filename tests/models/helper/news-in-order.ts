import type { News } from "./plain-gate.ts";

type Entry = News[number];

/**
 * Notifications that are delivered in one order with the other events of a turn, where the order matters: such as whether a served caller
 * aborts before or after the notification of another's failure.
 */
export class NewsInOrder extends Array<Entry> {
  private readonly later: (tell: () => void) => void;
  private readonly move: (entry: Entry) => void;

  /**
   * @param later runs a function in order
   * @param move lets a served caller move on
   */
  constructor(later: (tell: () => void) => void, move: (entry: Entry) => void) {
    super();
    this.later = later;
    this.move = move;
  }

  override push(entry: Entry): number {
    this.later(() => {
      this.shift();
      this.move(entry);
      // Callers behind are considered when all served callers have moved on.
      if (!this.some(({ gate }) => gate === entry.gate)) entry.gate.serve();
    });
    return super.push(entry);
  }
}
