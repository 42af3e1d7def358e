import { events, OverloadedError, type ReadyOptions } from "@sluice/core";
import { Alarm, Line, promiseOf, requireNear, tell, throwIfAborted } from "@sluice/core/kit";
import { Delays } from "./backoff.ts";
import { Connection, type ConnectionOwner } from "./connection.ts";
import { layerName, type Settings } from "./options.ts";

/**
 * - `"idle"`: there is no connection, and the next caller begins one;
 * - `"connecting"`: an attempt is under way;
 * - `"connected"`: there is a connection;
 * - `"backing-off"`: an attempt failed, and the next one has to wait.
 */
export type ConnectionState = "idle" | "connecting" | "connected" | "backing-off";

/** Makes connections, one at a time, and knows who waits for one. */
export class Connector implements ConnectionOwner {
  state: ConnectionState = "idle";
  /** Attempts, from the beginning. */
  attempts = 0;
  /** Attempts that failed. */
  failures = 0;
  /** Connections that broke. */
  breaks = 0;
  /** Permits held, calls whose work has not settled, and callers that wait inside a connection, on connections that broke too. */
  active = 0;
  /** What the latest attempt failed with, or the latest connection broke with. */
  failure: unknown = undefined;
  /** What events name as their source. */
  source: object = this;
  private connection: Connection | undefined = undefined;
  /** When the backoff is over, in the time of the alarm. */
  private due = 0;
  private readonly delays: Delays;
  private readonly alarm: Alarm;
  /** Those whose connection broke before they had moved on: they are served before all others. */
  private readonly returned: Line<Connection> = new Line(() => this.serve(this.alarm.now()));
  private readonly line: Line<Connection> = new Line(() => this.serve(this.alarm.now()));
  private readonly make: () => unknown;
  private readonly settings: Settings;

  constructor(make: () => unknown, settings: Settings) {
    this.make = make;
    this.settings = settings;
    this.delays = new Delays(settings.backoff);
    this.alarm = new Alarm(settings.clock, (now) => this.serve(now));
  }

  /** Callers that wait for a connection. */
  get waiting(): number {
    return this.returned.size + this.line.size;
  }

  /** The connection that there is, whoever waits. */
  get current(): Connection | undefined {
    return this.connection;
  }

  /** The connection, for a newcomer: undefined also while one who was granted it has not moved on. */
  get open(): Connection | undefined {
    return this.returned.blocks() || this.line.blocks() ? undefined : this.connection;
  }

  /** In how many milliseconds an attempt may begin, where one has to wait. */
  get retryAfter(): number | undefined {
    return this.state === "backing-off" ? Math.max(0, this.due - this.alarm.now()) : undefined;
  }

  /** Begins an attempt where one may begin. */
  connect(now: number = this.alarm.now()): void {
    if (this.state === "idle" || (this.state === "backing-off" && this.due <= now)) this.attempt();
  }

  /**
   * Waits for a connection, and goes on with it in the microtask after the grant: so nobody who comes later passes. Rejects with what the
   * attempt fails with, with `signal.reason` when the signal aborts, and with `OverloadedError` where no attempt begins before the
   * deadline.
   *
   * @param go must not throw
   */
  join<T>(options: ReadyOptions, go: (connection: Connection) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const wait = (line: Line<Connection>): void => {
        try {
          this.stand(line, options).then(enter, reject);
        } catch (error) {
          reject(error);
        }
      };
      const enter = (connection: Connection): void => {
        if (connection.broken) wait(this.returned);
        else resolve(go(connection));
      };
      wait(this.line);
    });
  }

  counted(by: 1 | -1): void {
    this.active += by;
  }

  answered(connection: Connection): void {
    if (connection === this.connection) this.delays.reset();
  }

  broke(connection: Connection, failure: unknown): void {
    this.breaks++;
    this.failure = failure;
    this.connection = undefined;
    // Or a server that accepts connections and answers nothing would be connected to in a loop.
    if (connection.used) this.become("idle", failure);
    else this.backOff(failure);
    this.serve(this.alarm.now());
  }

  private stand(line: Line<Connection>, options: ReadyOptions): Promise<Connection> {
    const { signal, deadline } = options;
    throwIfAborted(signal);
    const now = this.alarm.now();
    if (this.state === "backing-off" && this.due > now) {
      if (deadline !== undefined) requireNear(layerName, deadline, now - this.alarm.ahead);
      if (this.isTooLate(deadline)) throw this.refusal(now);
    }
    const waiting = line.join(options);
    this.serve(now);
    return waiting;
  }

  /** Does what there is to do for those who wait. */
  private serve(now: number): void {
    if (this.waiting > 0) this.connect(now);
    for (const line of [this.returned, this.line]) {
      while (line.size > 0 && this.connection !== undefined) line.grant(this.connection);
    }
    if (this.waiting > 0 && this.state === "backing-off") this.alarm.set(this.due);
    else this.alarm.clear();
  }

  private attempt(): void {
    this.attempts++;
    this.become("connecting", undefined);
    let making: Promise<unknown>;
    try {
      making = promiseOf(this.make());
    } catch (error) {
      making = Promise.reject(error);
    }
    making
      .then((made) => new Connection(made, this, this.settings))
      .then(
        (connection) => {
          this.connection = connection;
          this.become("connected", undefined);
          this.serve(this.alarm.now());
        },
        (error: unknown) => this.failed(error),
      );
  }

  private failed(error: unknown): void {
    this.failures++;
    this.failure = error;
    // First, for `onChange` may ask again, and waits for the next attempt.
    for (const line of [this.returned, this.line]) while (line.size > 0) line.refuse(error);
    this.backOff(error);
    // The backoff is the user's function, too, and was asked before it was known how long it is.
    this.serve(this.alarm.now());
  }

  private backOff(cause: unknown): void {
    this.due = this.alarm.now() + this.delays.next();
    this.become("backing-off", cause);
    const now = this.alarm.now();
    for (const line of [this.returned, this.line]) {
      for (const waiter of line) if (this.isTooLate(waiter.options.deadline)) line.refuse(this.refusal(now), waiter);
    }
  }

  private isTooLate(deadline: number = Number.POSITIVE_INFINITY): boolean {
    return this.due > deadline + this.alarm.ahead;
  }

  private refusal(now: number): OverloadedError {
    const { label } = this.settings;
    return new OverloadedError(layerName, { label, reason: "connection", retryAfter: this.due - now });
  }

  private become(to: ConnectionState, cause: unknown): void {
    const { state: from, source } = this;
    const { label, onChange } = this.settings;
    this.state = to;
    if (events.listening) events.emit({ type: "state", layer: layerName, label, source, from, to, cause });
    tell(onChange, { from, to, cause });
  }
}
