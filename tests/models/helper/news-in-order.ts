import type { News } from "./plain-gate.ts";

type Entry = News[number];

/**
 * News of which each is told in one order with all else that happens in a turn: for what is not all the same, such as whether somebody who
 * was served gives up before another's failure is heard of, or after it.
 */
export class NewsInOrder extends Array<Entry> {
  private readonly later: (tell: () => void) => void;
  private readonly move: (entry: Entry) => void;

  /**
   * @param later has something happen in turn
   * @param move somebody who was served moves on
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
      // Those behind are looked at when all who were served have moved on.
      if (!this.some(({ gate }) => gate === entry.gate)) entry.gate.serve();
    });
    return super.push(entry);
  }
}
