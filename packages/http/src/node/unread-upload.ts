import type { Clock } from "@sluice/core";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { readAgain } from "./socket-handle.ts";

/** How many bytes of an upload are read on after its answer, so that a small one ends, and its connection can be used again. */
const readOn = 65_536;

/** How many bytes are read at most while a client is given time to close. */
const readMore = 262_144;

/**
 * Ends uploads that are not whole when their answer is out, as RFC 9112 section 9.6 has it: the connection is half-closed, no more of the
 * upload is read, and after a while, or once the client has closed, the connection is destroyed. To close at once makes the unread bytes a
 * reset, which takes the answer with it; to read on costs all that the client sends.
 */
export class UnreadUploads {
  /** Connections that are given time to close. */
  lingering = 0;
  private readonly clock: Clock;
  private readonly lingerTimeout: number;

  constructor(clock: Clock, lingerTimeout: number) {
    this.clock = clock;
    this.lingerTimeout = lingerTimeout;
  }

  /** Watches a connection: what node does after an answer with `connection: close` is done here, where an upload is not whole. */
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
    // After the listener of node's own, which goes on reading what nobody has begun to read.
    response.once("finish", () => {
      if (request.complete || socket.destroyed || isRead(request)) return;
      if (!wasInvited() || request.readableFlowing !== true) {
        this.linger(socket);
        return;
      }
      let left = readOn;
      // Of a request that nobody reads node emits nothing, so this looks at its connection.
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
    // node:http reads past the stream until somebody listens to it; its own parser is to see nothing more.
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

/** Whether somebody still reads it: a handler that has answered early. */
function isRead(request: IncomingMessage): boolean {
  return request.listenerCount("data") > 0 || request.listenerCount("readable") > 0;
}
