import { handOnContext } from "../edge/request-context.ts";

/** What runtimes add to a request, and handlers look for. */
const extras = ["ip", "runtime", "waitUntil", "context"] as const;

/**
 * `request` with a body that fails when more than `limit` bytes of it were read. Nothing is read before somebody asks. What is not read of
 * the body stays unread: to cancel it would make some servers close the connection that the answer is to go out on.
 *
 * @param tooLarge called once when there is more; it returns what reading fails with
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
  // From its parts: a runtime's own request need not be one that the constructor takes.
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
