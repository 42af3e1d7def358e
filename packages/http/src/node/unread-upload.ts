import type { Clock } from "@sluice/core";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { readAgain } from "./socket-handle.ts";

/** How many bytes of an upload are read after its answer, so that a small one ends and its connection can be used again. */
const readOn = 65_536;

/** How many bytes are read at most while a client has time to close. */
const readMore = 262_144;

/**
 * Ends uploads that are incomplete when their answer has been sent, as RFC 9112, section 9.6, says: the connection is half-closed, and
 * destroyed after a while, or once the client has closed. To close immediately would make the unread bytes a reset, which would discard the
 * answer; to read to the end would cost all that the client sends.
 */
export class UnreadUploads {
  /** Connections whose client has time to close. */
  lingering = 0;
  private readonly clock: Clock;
  private readonly lingerTimeout: number;

  constructor(clock: Clock, lingerTimeout: number) {
    this.clock = clock;
    this.lingerTimeout = lingerTimeout;
  }

  /** Watches a connection. Replaces what Node does after an answer with `connection: close`, where an upload is incomplete. */
  watch(socket: Socket, current: () => IncomingMessage | undefined): void {
    const destroySoon = socket.destroySoon.bind(socket);
    socket.destroySoon = () => {
      if (current()?.complete === false) this.linger(socket);
      else destroySoon();
    };
  }

  /** Watches a request with a body. */
  answer(request: IncomingMessage, response: ServerResponse, wasInvited: () => boolean): void {
    const { socket } = request;
    // Runs after Node's own listener, which goes on reading a body that no handler has begun to read.
    response.once("finish", () => {
      if (request.complete || socket.destroyed || isRead(request)) return;
      if (!wasInvited() || request.readableFlowing !== true) {
        this.linger(socket);
        return;
      }
      let left = readOn;
      // Node emits no data of a request that no handler reads, so this counts on its connection.
      const count = (chunk: { readonly length: number }): void => {
        left -= chunk.length;
        if (request.complete) socket.off("data", count);
        else if (left < 0) this.linger(socket);
      };
      socket.on("data", count);
      readAgain(socket);
    });
  }

  private linger(socket: Socket): void {
    if (lingeringSockets.has(socket)) return;
    lingeringSockets.add(socket);
    this.lingering++;
    const destroy = (): void => {
      socket.destroy();
    };
    const timer = this.clock.setTimeout(destroy, this.lingerTimeout);
    this.clock.unref?.(timer);
    socket.once("close", () => {
      this.lingering--;
      this.clock.clearTimeout(timer);
    });
    socket.end();
    // node:http reads the socket past the stream until the stream has a listener; its parser must not get more data.
    socket.removeAllListeners("data");
    let left = readMore;
    socket.on("data", (chunk: { readonly length: number }) => {
      left -= chunk.length;
      if (left < 0) socket.pause();
    });
    socket.on("resume", () => {
      if (left < 0) socket.pause();
    });
    socket.once("end", destroy);
    socket.resume();
    readAgain(socket);
  }
}

const lingeringSockets = new WeakSet<Socket>();

/** Whether a handler that has answered early still reads it. */
function isRead(request: IncomingMessage): boolean {
  return request.listenerCount("data") > 0 || request.listenerCount("readable") > 0;
}
