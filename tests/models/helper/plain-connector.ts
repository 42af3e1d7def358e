import { type News, PlainGate } from "./plain-gate.ts";

/** How an attempt ends: when the schedule says so, immediately, or before it has begun. */
export type AttemptKind = "waits" | "at once" | "throws";

export interface ReconnectRules {
  /** The limit of each connection. */
  readonly max: number;
  /** How the nth attempt ends. */
  readonly attempt: (nth: number) => AttemptKind;
  /** How long to wait after the nth failure in a row. */
  readonly delay: (nth: number) => number;
}

/** A connection and its users. */
export interface PlainConnection {
  readonly nth: number;
  readonly gate: PlainGate;
  /** Callers that hold a permit, wait inside, or have running work. */
  readonly users: Set<number>;
  used: boolean;
  broken: boolean;
}

/** The callers that wait for a connection, and the attempts to make one. */
export class PlainConnector extends PlainGate {
  state: "idle" | "connecting" | "connected" | "backing-off" = "idle";
  attempts = 0;
  failures = 0;
  /** The error of the latest failed attempt or broken connection. */
  failure: string | undefined;
  connection: PlainConnection | undefined;
  /** All connections. */
  readonly connections: PlainConnection[] = [];
  /** Each state that was entered. */
  readonly states: string[] = [];
  /** Closed connections, in order. */
  readonly closed: number[] = [];
  /** The deadlines of waiting callers. */
  readonly deadlines: Map<number, number> = new Map();
  /** Callers that were refused in line, and how. */
  readonly refusals: Map<number, string> = new Map();
  private readonly rules: ReconnectRules;
  private readonly later: (happen: () => void) => void;
  private readonly innerNews: News;
  private readonly returned: Set<number> = new Set();
  private due = 0;
  private inRow = 0;

  constructor(rules: ReconnectRules, later: (happen: () => void) => void, news: News) {
    super(0, news);
    this.rules = rules;
    this.later = later;
    this.innerNews = news;
  }

  override get room(): number {
    return this.connection === undefined ? 0 : Number.POSITIVE_INFINITY;
  }

  /** The connection, for a newcomer. */
  get open(): PlainConnection | undefined {
    return this.blocked ? undefined : this.connection;
  }

  get retryAfter(): number {
    return this.state === "backing-off" ? Math.max(this.due - this.now, 0) : -1;
  }

  /** Whether there is a timer for waiting callers. */
  get armed(): boolean {
    return this.line.length > 0 && this.state === "backing-off";
  }

  override get counters(): readonly number[] {
    const { state, connections, attempts, failures, retryAfter } = this;
    const users = connections.reduce((sum, each) => sum + each.users.size, 0);
    const breaks = connections.filter(({ broken }) => broken).length;
    const inside = connections.flatMap(({ gate }) => [gate.inside.size, gate.line.length]);
    const nth = ["idle", "connecting", "connected", "backing-off"].indexOf(state);
    return [nth, users, this.line.length, attempts, failures, breaks, retryAfter, ...inside];
  }

  /** Begins an attempt, if one may begin. */
  connect(): void {
    if (this.state === "idle" || (this.state === "backing-off" && this.due <= this.now)) this.begin();
  }

  /** Waits, unless no attempt begins in time. */
  override join(who: number): void {
    if (this.isTooLate(who)) this.refusals.set(who, "overloaded: reconnect");
    else {
      // A caller that comes back is before all that were never admitted.
      const at = this.returned.has(who) ? this.line.findIndex((each) => !this.returned.has(each)) : -1;
      this.line.splice(at < 0 ? this.line.length : at, 0, who);
      this.serve();
    }
  }

  /** Waits again: its connection has broken. */
  return(who: number): void {
    this.returned.add(who);
    this.join(who);
  }

  override serve(): void {
    if (this.line.length > 0) this.connect();
    super.serve();
    this.inside.clear();
  }

  /** The current attempt ends. This is notified after all earlier events. */
  end(well: boolean): void {
    const heard = (): void => {
      if (well) this.connected();
      else this.failed();
    };
    this.later(() => this.later(heard));
  }

  /** A call was answered, which does not show that the connection works. */
  answered(connection: PlainConnection): void {
    connection.used = true;
    if (connection === this.connection) this.inRow = 0;
  }

  /** A failure shows that a connection is broken. */
  broke(connection: PlainConnection, failure: string): void {
    if (connection.broken) return;
    connection.broken = true;
    this.connection = undefined;
    this.failure = failure;
    if (connection.used) this.enter("idle");
    else this.backOff();
    this.serve();
  }

  /** A caller no longer uses a connection. */
  left(connection: PlainConnection, who: number): void {
    connection.users.delete(who);
    if (connection.broken && connection.users.size === 0) this.closed.push(connection.nth);
  }

  private begin(): void {
    const kind = this.rules.attempt(this.attempts++);
    this.enter("connecting");
    if (kind !== "waits") this.end(kind === "at once");
  }

  private connected(): void {
    const gate = new PlainGate(this.rules.max, this.innerNews);
    gate.now = this.now;
    this.connection = { nth: this.connections.length, gate, users: new Set(), used: false, broken: false };
    this.connections.push(this.connection);
    this.enter("connected");
    this.serve();
  }

  private failed(): void {
    this.failures++;
    this.failure = "no connection";
    for (const who of this.line.splice(0)) this.refusals.set(who, "no connection");
    this.backOff();
  }

  private backOff(): void {
    this.due = this.now + this.rules.delay(this.inRow++);
    this.enter("backing-off");
    for (const who of this.line.filter((each) => this.isTooLate(each))) {
      this.line.splice(this.line.indexOf(who), 1);
      this.refusals.set(who, "overloaded: reconnect");
    }
  }

  private isTooLate(who: number): boolean {
    const deadline = this.deadlines.get(who) ?? Number.POSITIVE_INFINITY;
    return this.state === "backing-off" && this.due > this.now && this.due > deadline;
  }

  private enter(state: PlainConnector["state"]): void {
    this.state = state;
    this.states.push(state);
  }
}
