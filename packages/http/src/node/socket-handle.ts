import type { Socket } from "node:net";

/** Members of a socket's handle that Node's own code uses, and that have no public API. */
interface Handle {
  /** Bytes of a write that the operating system has not taken yet. */
  readonly writeQueueSize?: number;
  /** Whether it is being read. */
  reading?: boolean;
  readStart?(): unknown;
  /** Of TLS: the handle below. */
  readonly _parent?: Handle | null;
}

function handleOf(socket: Socket): Handle | null | undefined {
  // oxlint-disable-next-line no-underscore-dangle -- node calls it so
  return (socket as { readonly _handle?: Handle | null })._handle;
}

/**
 * Bytes of a large write that are still queued, as Node's own `socket.setTimeout` reads them; 0 where that is not known. The handle of TLS
 * counts a write as queued until all of it is out, and the one below counts what is left of it.
 */
export function queuedIn(socket: Socket): number {
  const handle = handleOf(socket);
  // oxlint-disable-next-line no-underscore-dangle -- node calls it so
  return handle?._parent?.writeQueueSize ?? handle?.writeQueueSize ?? 0;
}

/** Resumes reading where node:http had stopped it. The stream does not know of the stop, so `resume` would do nothing. */
export function readAgain(socket: Socket): void {
  const handle = handleOf(socket);
  if (handle?.readStart === undefined || handle.reading !== false) return;
  /* v8 ignore next 2 -- Node 20 stops so, and Node 24 does not */
  handle.reading = true;
  handle.readStart();
}
