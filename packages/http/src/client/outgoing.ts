import { isStream } from "./http-request.ts";

/** A body to send. */
export interface Outgoing {
  /** The body for fetch. */
  readonly body: RequestInit["body"];
  /** The request has failed: cancels the body, so that its source, such as a file, is freed. */
  readonly giveUp: (reason: unknown) => void;
}

/** Iterables that were sent. A second time they would be empty, without an error. */
const sent = new WeakSet<object>();

/**
 * Prepares a body. A stream is read here, for fetch leaves the stream open when the connection fails (Node.js 20 to 24), and has locked it,
 * so that no other code can cancel it.
 *
 * @throws TypeError for a stream that is locked or was read
 */
export function outgoing(body: unknown): Outgoing {
  if (!isStream(body)) return { body: bodyOf(body), giveUp() {} };
  if (isReadableStream(body)) return outgoingStream(body);
  if (sent.has(body)) throw usedUp();
  sent.add(body);
  return {
    body: bodyOf(body),
    giveUp() {
      void end(body).catch(() => {});
    },
  };
}

/** Node's fetch takes any iterable; the types of browsers do not allow it. */
function bodyOf(body: unknown): RequestInit["body"] {
  return body as RequestInit["body"];
}

/** The `return` of an iterator that was not started does not end a stream of Node. */
async function end(body: AsyncIterable<Uint8Array> & { destroy?(): void }): Promise<void> {
  if (body.destroy === undefined) await body[Symbol.asyncIterator]().return?.(undefined);
  else body.destroy();
}

function outgoingStream(stream: ReadableStream<Uint8Array>): Outgoing {
  try {
    // There is no other way to find out whether a stream has been read from.
    void new Response(stream);
  } catch {
    throw usedUp();
  }
  const reader = stream.getReader();
  const cancel = (reason: unknown): Promise<void> => reader.cancel(reason);
  const body = new ReadableStream<Uint8Array>(
    {
      pull: (controller) =>
        reader.read().then(({ done, value }) => {
          if (done) controller.close();
          else controller.enqueue(value);
        }),
      cancel,
    },
    { highWaterMark: 0 },
  );
  return {
    body,
    giveUp(reason) {
      void cancel(reason).catch(() => {});
    },
  };
}

/** The error for a body that was sent or read before. */
export function usedUp(): TypeError {
  return new TypeError(
    "fetchService: body must not have been read or sent before, for it is a stream; give a function that makes one for each attempt",
  );
}

function isReadableStream(body: object): body is ReadableStream<Uint8Array> {
  return "getReader" in body;
}
