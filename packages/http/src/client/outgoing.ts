import { isStream } from "./http-request.ts";

/** A body on its way out. */
export interface Outgoing {
  /** What fetch is given. */
  readonly body: RequestInit["body"];
  /** The request has failed: nobody reads the body any more, and what it is of, such as a file, is freed. */
  readonly giveUp: (reason: unknown) => void;
}

/** Iterables that were sent. The second time they are empty, and nobody would notice. */
const sent = new WeakSet<object>();

/**
 * A body to be sent. A stream is read by us, for fetch leaves a stream open whose connection fails (Node.js 20 to 24: it has locked it, so
 * that nobody else can cancel it either).
 *
 * @throws TypeError for a stream that somebody reads or has read
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

/** Node's fetch takes any iterable, and its types say so; those of a browser do not. */
function bodyOf(body: unknown): RequestInit["body"] {
  return body as RequestInit["body"];
}

/** Of Node's streams, an iterator that nobody has asked for anything ends nothing. */
async function end(body: AsyncIterable<Uint8Array> & { destroy?(): void }): Promise<void> {
  if (body.destroy === undefined) await body[Symbol.asyncIterator]().return?.(undefined);
  else body.destroy();
}

function outgoingStream(stream: ReadableStream<Uint8Array>): Outgoing {
  try {
    // There is no other way to ask whether a stream has been read from.
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

/** The body of a request was sent before, or is read by somebody else. */
export function usedUp(): TypeError {
  return new TypeError(
    "fetchService: body must not have been read or sent before, for it is a stream; give a function that makes one for each attempt",
  );
}

function isReadableStream(body: object): body is ReadableStream<Uint8Array> {
  return "getReader" in body;
}
