import type { Clock } from "@sluice/core";
import type { Connection } from "./connections.ts";
import { queuedIn } from "./socket-handle.ts";

/** How much a connection has sent. */
interface Progress {
  readonly written: number;
  /** Bytes that the operating system has not taken yet. */
  readonly queued: number;
}

/** Ends connections whose client does not read what is sent to it. */
export class StalledSends {
  /** Connections that were ended so far. */
  stalled = 0;
  private readonly clock: Clock;
  private readonly sendTimeout: number;
  private readonly connections: ReadonlySet<Connection>;
  private readonly before: WeakMap<Connection, Progress> = new WeakMap();
  private armed = false;

  constructor(clock: Clock, sendTimeout: number, connections: ReadonlySet<Connection>) {
    this.clock = clock;
    this.sendTimeout = sendTimeout;
    this.connections = connections;
  }

  /** Checks all connections every `sendTimeout`, while there are any. */
  watch(): void {
    if (this.armed || this.connections.size === 0) return;
    this.armed = true;
    const timer = this.clock.setTimeout(() => {
      this.armed = false;
      for (const connection of this.connections) this.look(connection);
      this.watch();
    }, this.sendTimeout);
    this.clock.unref?.(timer);
  }

  private look(connection: Connection): void {
    const { socket } = connection;
    const queued = queuedIn(socket);
    if (queued === 0 && socket.writableLength === 0) {
      // There is nothing to send: the handler is slow, not the client.
      this.before.delete(connection);
      return;
    }
    const now = { written: socket.bytesWritten - socket.writableLength, queued };
    const before = this.before.get(connection);
    this.before.set(connection, now);
    if (before?.written !== now.written || before.queued !== now.queued) return;
    this.stalled++;
    socket.destroy();
  }
}
