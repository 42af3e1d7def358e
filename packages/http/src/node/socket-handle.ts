import type { Socket } from "node:net";

/** What node's own code reads of a socket's handle, and nothing public says. */
interface Handle {
  /** Bytes of a write that the operating system has not taken yet. */
  readonly writeQueueSize?: number;
  /** Whether it is being read. */
  reading?: boolean;
  readStart?(): unknown;
}

function handleOf(socket: Socket): Handle | null | undefined {
  // oxlint-disable-next-line no-underscore-dangle -- node calls it so
  return (socket as { readonly _handle?: Handle | null })._handle;
}

/** As node's own `socket.setTimeout` does: what a large write has left shows nowhere else. 0 where that is not known. */
export function queuedIn(socket: Socket): number {
  return handleOf(socket)?.writeQueueSize ?? 0;
}

/** Reads on where node:http had stopped, of which the stream knows nothing: a stream that flows already starts nothing. */
export function readAgain(socket: Socket): void {
  const handle = handleOf(socket);
  if (handle?.readStart === undefined || handle.reading !== false) return;
  /* v8 ignore next 2 -- Node 20 stops so, and Node 24 does not */
  handle.reading = true;
  handle.readStart();
}
