/** Tokens that the store granted together, dated `step` apart. Times are the member's, in milliseconds. */
class Batch {
  readonly stamp: string;
  /** The index of the first token that is not taken and has not expired. */
  head = 0;
  /** The index of the first token that is given back. */
  tail: number;
  private readonly first: number;
  private readonly end: number;
  private readonly step: number;
  private readonly offset: number;

  constructor({ granted, first, stamp, step, came, sent, hold }: Granted) {
    this.stamp = stamp;
    this.tail = granted;
    this.step = step;
    this.offset = first;
    this.first = came + first;
    this.end = sent + hold;
  }

  /** When a token becomes valid: counted from when the answer came, so that a slow answer makes it later and never earlier. */
  dateOf(index: number): number {
    return this.first + index * this.step;
  }

  /** When a token expires: counted from when the store was asked, so that a slow answer makes it earlier and never later. */
  endOf(index: number): number {
    return this.end + Math.max(0, this.offset + index * this.step);
  }
}

/** Tokens that the store granted. */
export interface Granted {
  readonly granted: number;
  /** When the first becomes valid: ms after the answer; below 0 where it already is. */
  readonly first: number;
  readonly stamp: string;
  /** The time between two tokens: ms. */
  readonly step: number;
  /** When the answer came. */
  readonly came: number;
  /** When the store was asked. */
  readonly sent: number;
  /** How long a token is valid: ms. */
  readonly hold: number;
}

/** A token that was taken out of the stock. */
export interface Token {
  readonly batch: Batch;
  readonly index: number;
}

/** Tokens that are given back to the store, all with one stamp. */
export interface Unused {
  readonly unused: number;
  readonly stamp: string;
}

const nothing: Unused = { unused: 0, stamp: "" };

/**
 * The tokens that a member has borrowed: the store has counted them, and no call has used them yet. Each is valid for `hold` from its date.
 * They are taken in the order of their dates.
 *
 * Tokens that expire unused are given back with the next question where they are the last that were granted to this member: the store can
 * then count them as never taken. Other expired tokens are lost, for later tokens are already in use.
 */
export class Stock {
  private readonly batches: Batch[] = [];
  /** Tokens that were put back after later ones had been taken. All are valid by their date. */
  private readonly loose: Token[] = [];
  private count = 0;
  /** Tokens that have expired since the last one was taken. */
  private ended = 0;
  private endedStamp = "";

  /** How many there are: valid ones, and ones with future dates. */
  size(now: number): number {
    this.prune(now);
    return this.count;
  }

  /** How many are valid at `now`. */
  good(now: number): number {
    this.prune(now);
    return this.count - this.future(now);
  }

  /** How many are dated after `now`. */
  future(now: number): number {
    let future = 0;
    for (const batch of this.batches) {
      let low = batch.head;
      for (let high = batch.tail; low < high;) {
        const middle = (low + high) >>> 1;
        if (batch.dateOf(middle) > now) high = middle;
        else low = middle + 1;
      }
      future += batch.tail - low;
    }
    return future;
  }

  /** When the token behind `before` others becomes valid; undefined where there is none. */
  dateOf(before: number, now: number): number | undefined {
    this.prune(now);
    let rest = before - this.loose.length;
    if (rest < 0) return now;
    for (const batch of this.batches) {
      const left = batch.tail - batch.head;
      if (rest < left) return batch.dateOf(batch.head + rest);
      rest -= left;
    }
    return undefined;
  }

  add(granted: Granted): void {
    if (granted.granted === 0) return;
    this.batches.push(new Batch(granted));
    this.count += granted.granted;
    this.ended = 0;
  }

  /** The next token, where it is valid at `now`. */
  take(now: number): Token | undefined {
    if (this.count === 0) return undefined;
    for (let token = this.loose.pop(); token !== undefined; token = this.loose.pop()) {
      this.count--;
      if (!hasEnded(token, now)) return token;
    }
    this.pruneBatches(now);
    const [batch] = this.batches;
    if (batch === undefined || batch.head === batch.tail || batch.dateOf(batch.head) > now) return undefined;
    // A later token is in use: tokens that expired before it can no longer be given back.
    this.ended = 0;
    this.count--;
    return { batch, index: batch.head++ };
  }

  /** Puts back a token that was taken and not used. An expired token is lost. */
  putBack(token: Token, now: number): void {
    if (hasEnded(token, now)) return;
    const { loose } = this;
    const { batch } = token;
    this.count++;
    loose.push(token);
    if (batch !== this.batches[0]) return;
    // The tokens that were taken last return to their place in the batch.
    for (let last = loose.at(-1); last?.batch === batch && last.index === batch.head - 1; last = loose.at(-1)) {
      batch.head--;
      loose.pop();
    }
  }

  /** The tokens that the next question gives back: up to `most` of the latest ones, and the expired ones where no others are left. */
  giveBack(most: number, now: number): Unused {
    this.prune(now);
    const { batches } = this;
    let unused = 0;
    let stamp = "";
    for (let batch = batches.at(-1); batch !== undefined && unused < most; batch = batches.at(-1)) {
      if (unused > 0 && batch.stamp !== stamp) break;
      const some = Math.min(most - unused, batch.tail - batch.head);
      batch.tail -= some;
      unused += some;
      stamp = batch.stamp;
      if (batch.head < batch.tail || batches.length === 1) break;
      batches.pop();
    }
    this.count -= unused;
    const isEmpty = batches.every(({ head, tail }) => head === tail);
    if (isEmpty && this.ended > 0 && (unused === 0 || stamp === this.endedStamp)) {
      unused += this.ended;
      stamp = this.endedStamp;
      this.ended = 0;
    }
    return unused > 0 ? { unused, stamp } : nothing;
  }

  private prune(now: number): void {
    if (this.loose.length > 0) {
      const kept = this.loose.filter((token) => !hasEnded(token, now));
      this.count -= this.loose.length - kept.length;
      if (kept.length < this.loose.length) this.loose.splice(0, this.loose.length, ...kept);
    }
    this.pruneBatches(now);
  }

  private pruneBatches(now: number): void {
    for (let [batch] = this.batches; batch !== undefined; [batch] = this.batches) {
      while (batch.head < batch.tail && batch.endOf(batch.head) <= now) {
        batch.head++;
        this.count--;
        this.addEnded(1, batch.stamp);
      }
      // The last batch stays, for one of its tokens may be put back.
      if (batch.head < batch.tail || this.batches.length === 1) return;
      this.batches.shift();
    }
  }

  private addEnded(some: number, stamp: string): void {
    if (stamp !== this.endedStamp) this.ended = 0;
    this.endedStamp = stamp;
    this.ended += some;
  }
}

function hasEnded({ batch, index }: Token, now: number): boolean {
  return batch.endOf(index) <= now;
}
