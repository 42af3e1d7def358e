import type { GivesOnly, Kind, Layer } from "@sluice/core";
import { callLayer, promiseOf, readOptions, report, requireFunction, requireLabel } from "@sluice/core/kit";
import { followed } from "./followed-body.ts";

/** Options of {@link untilBodyEnds}. */
export interface UntilBodyEndsOptions<in Req = never> {
  /**
   * Returns a promise that settles when the response to this request has been sent, such as one for the `close` of Node's response. Where
   * it returns undefined, the body is followed. Default: every body is followed.
   */
  readonly sent?: ((request: Req) => PromiseLike<unknown> | undefined) | undefined;
  /** Tells this layer apart from others of its kind. Default: none. */
  readonly label?: string | undefined;
}

/** A layer that holds permits until bodies have ended. One layer value counts for all services that it wraps. */
export interface UntilBodyEnds extends Layer<KeepsStreams> {
  /** Bodies that have not ended. */
  readonly open: number;
}

/** Keeps the types of a service that returns a `Response`. */
export interface KeepsStreams extends Kind {
  readonly "~outer": GivesOnly<Response, this["~inner"], this["~inner"], "untilBodyEnds">;
}

const name = "untilBodyEnds";

/**
 * Keeps the permits of all outer layers until the response's body has been read to its end, was cancelled, or broke off; without a body, no
 * longer than the call. So a limit counts responses that are being streamed. The body of a response that comes after its call was given up
 * on, such as by a timeout, is cancelled.
 *
 * To follow a body costs a stream around it. `sent` costs almost nothing, where the runtime knows when a response has been sent.
 *
 * @example
 * new ServiceBuilder().layer(concurrencyLimit(8)).layer(untilBodyEnds()).serviceFn(exportAll);
 *
 * @throws TypeError when an option is not in its range
 */
export function untilBodyEnds<Req = Request>(options?: UntilBodyEndsOptions<Req>): UntilBodyEnds {
  const { sent, label } = readOptions<UntilBodyEndsOptions<Req>>(name, options, ["sent", "label"]);
  if (sent !== undefined) requireFunction(name, "sent", sent);
  requireLabel(name, label);
  let open = 0;
  const layer = callLayer<KeepsStreams>(
    name,
    (inside, request, callOptions) => {
      const { waitUntil, signal } = callOptions;
      return inside.start(request, callOptions).then((response: Response) => {
        // The call was given up on: nobody sends this response, or reads its body, which is cancelled.
        const isOver = signal?.aborted === true;
        // No outer layer holds a permit.
        if (waitUntil === undefined && !isOver) return response;
        const leaving = isOver ? undefined : sentBy(sent, request as Req);
        const hold = (end: Promise<unknown>): void => {
          open++;
          const ended = (): void => {
            open--;
          };
          const over = end.then(ended, ended);
          waitUntil?.(over);
        };
        if (leaving !== undefined) hold(leaving);
        else if (response.body !== null) {
          const { made, end } = followed(response, response.body, isOver ? signal : (clientOf(request) ?? signal));
          hold(end);
          return made;
        }
        return response;
      });
    },
    { label, facts: { sent: sent !== undefined } },
  );
  return {
    ...layer,
    get open() {
      return open;
    },
  };
}

/** Where the user's function throws, the body is followed. */
function sentBy<Req>(sent: UntilBodyEndsOptions<Req>["sent"], request: Req): Promise<unknown> | undefined {
  try {
    const promise = sent?.(request);
    return promise === undefined ? undefined : promiseOf(promise);
  } catch (error) {
    report(error);
    return undefined;
  }
}

/** The client's own signal: the signal of a layer ends with the call. */
function clientOf(request: unknown): AbortSignal | undefined {
  const { signal } = request as { readonly signal?: AbortSignal };
  return typeof signal?.addEventListener === "function" ? signal : undefined;
}
