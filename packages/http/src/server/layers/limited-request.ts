import { handOnContext } from "../edge/request-context.ts";

/** Members that runtimes add to a request, and handlers use. */
const extras = ["cf", "context", "cookies", "ip", "nextUrl", "runtime", "waitUntil"] as const;

/**
 * `request` with a body that fails when more than `limit` bytes of it are read. Nothing is read in advance. The rest of the body stays
 * unread: to cancel it would make some servers close the connection of the answer.
 *
 * @param tooLarge called once when there is more; returns the error with which reading fails
 */
export function limitedRequest(
  request: Request,
  body: NonNullable<Request["body"]>,
  limit: number,
  tooLarge: () => Error,
): Request {
  const { method, headers, signal } = request;
  const init: RequestInit & { readonly duplex: "half" } = {
    method,
    headers,
    signal,
    body: limited(body, limit, tooLarge),
    duplex: "half",
  };
  // Made from its parts, for the constructor may not take a runtime's own request.
  const made = new Request(request.url, init);
  handOnContext(request, made);
  for (const extra of extras) {
    if (extra in request && !(extra in made)) Object.defineProperty(made, extra, memberOf(request, extra));
  }
  return made;
}

function memberOf(request: object, member: string): PropertyDescriptor {
  return {
    configurable: true,
    enumerable: true,
    get: () => {
      const value: unknown = Reflect.get(request, member);
      return typeof value === "function" ? (value.bind(request) as unknown) : value;
    },
  };
}

function limited(body: NonNullable<Request["body"]>, limit: number, tooLarge: () => Error): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let left = limit;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await reader.read();
        if (done) {
          controller.close();
          return;
        }
        left -= (value as Uint8Array).byteLength;
        if (left < 0) throw tooLarge();
        controller.enqueue(value as Uint8Array);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}
