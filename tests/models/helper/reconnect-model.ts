import { Model, type ModelJob } from "./model.ts";
import { NewsInOrder } from "./news-in-order.ts";
import { type AttemptKind, type PlainConnection, PlainConnector, type ReconnectRules } from "./plain-connector.ts";
import type { News } from "./plain-gate.ts";

export interface ReconnectShape {
  /** The limit of each connection. */
  readonly max: number;
  /** How attempts end, in turn. */
  readonly attempts: readonly AttemptKind[];
  /** The length of the first backoff. */
  readonly delay: number;
  readonly grows: boolean;
  /** Whether a failure of readiness shows that the connection is broken. */
  readonly notReadyBreaks: boolean;
}

/** Connections that are made one after the other, each with its own gate. */
export class ReconnectModel extends Model {
  readonly connector: PlainConnector;
  private readonly isBroken: (how: string, request: number) => boolean;
  /** The connection that each caller uses. */
  private readonly uses: Map<number, PlainConnection> = new Map();
  /** Work that has been answered. */
  private readonly heard: Set<ModelJob> = new Set();

  constructor(rules: ReconnectRules, isBroken: (how: string, request: number) => boolean) {
    super();
    const news = new NewsInOrder(
      (tell) => this.later(tell),
      (entry) => this.move(entry),
    );
    this.connector = new PlainConnector(rules, (happen) => this.later(happen), news);
    this.isBroken = isBroken;
  }

  counters(): readonly number[] {
    return this.connector.counters;
  }

  /** The connection on which each piece of work began. */
  get servedBy(): readonly string[] {
    return this.jobs.map(({ who }) => `${who} by ${this.uses.get(who)!.nth}`);
  }

  override tick(ms: number, rings = true): void {
    super.tick(ms);
    this.connector.now = this.now;
    for (const { gate } of this.connector.connections) gate.now = this.now;
    if (rings) this.connector.serve();
    this.hearRefusals();
  }

  override settle(): void {
    super.settle();
    this.hearRefusals();
  }

  override abort(who: number): void {
    this.aborted.add(who);
    const { connector } = this;
    const connection = this.uses.get(who);
    if (connector.line.includes(who)) connector.leave(who);
    else if (connection?.gate.line.includes(who)) {
      connection.gate.leave(who);
      // Outer layers release at the end of the turn.
      this.later(() => connector.left(connection, who));
    } else return;
    this.states[who] = "aborted";
  }

  protected take(who: number): boolean | string {
    const { open } = this.connector;
    if (open !== undefined) return this.enter(open, who);
    this.connector.connect();
    return false;
  }

  protected wait(who: number): void {
    const { open } = this.connector;
    if (open === undefined) this.connector.join(who);
    else this.waitInside(open, who);
    this.hearRefusals();
  }

  protected waits(who: number): boolean {
    return this.connector.line.includes(who) || this.uses.get(who)?.gate.line.includes(who) === true;
  }

  protected leave(place: number): void {
    const connection = this.uses.get(place)!;
    connection.gate.leave(place);
    this.connector.left(connection, place);
  }

  protected override over(job: ModelJob): void {
    const connection = this.uses.get(job.place)!;
    connection.gate.leave(job.place);
    if (this.heard.has(job)) this.connector.left(connection, job.place);
  }

  protected override answered(job: ModelJob, how: string): void {
    const { who, request } = job;
    const connection = this.uses.get(who)!;
    this.heard.add(job);
    if (how !== "answered" && this.isBroken(how, request)) this.connector.broke(connection, `${how} ${request}`);
    else if (how === "answered" || !this.aborted.has(who)) this.connector.answered(connection);
    if (job.pending === 0) this.connector.left(connection, who);
    super.answered(job, how);
  }

  protected tell(): boolean {
    this.hearRefusals();
    return false;
  }

  private move({ who, gate }: News[number]): void {
    const connection = gate === this.connector ? this.connector.connection : undefined;
    if (gate === this.connector) {
      if (this.aborted.has(who)) this.states[who] = "aborted";
      else if (connection === undefined) this.connector.return(who);
      else {
        const entered = this.enter(connection, who);
        if (entered === true) this.granted(who);
        else if (entered === false) this.waitInside(connection, who);
        else this.states[who] = entered;
      }
    } else if (this.aborted.has(who)) this.giveUp(who);
    else if (this.fails()) this.notReady(this.uses.get(who)!, who);
    else this.granted(who);
  }

  /** A slot inside now, or none. */
  private enter(connection: PlainConnection, who: number): boolean | string {
    if (!connection.gate.take(who)) return false;
    this.uses.set(who, connection);
    connection.users.add(who);
    if (!this.fails()) return true;
    this.notReady(connection, who);
    return "not ready";
  }

  private waitInside(connection: PlainConnection, who: number): void {
    this.uses.set(who, connection);
    connection.users.add(who);
    connection.gate.join(who);
  }

  private notReady(connection: PlainConnection, who: number): void {
    connection.gate.leave(who);
    if (this.isBroken("not ready", who)) this.connector.broke(connection, "not ready");
    this.connector.left(connection, who);
    this.states[who] = "not ready";
  }

  private hearRefusals(): void {
    for (const [who, why] of this.connector.refusals) this.states[who] = why;
    this.connector.refusals.clear();
  }
}
