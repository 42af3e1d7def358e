import type { FailureOf, GivesOnly, HandlerOptions, Kind, Layer, RequestOf, ResponseOf, Service } from "@sluice/core";
import { callLayer, readOptions, requireFunction, requireNumber, show, throwIfAborted } from "@sluice/core/kit";
import { readOff } from "./read-off.ts";
import { StatusError } from "./status-error.ts";

/** Options of {@link failOnStatus}. */
export interface FailOnStatusOptions {
  /** How many bytes of a failing body become `StatusError.body`: a whole number from 0 to 65,536; default 1,024. */
  readonly read?: number | undefined;
}

/** Adds the failure `StatusError`. The service inside must return responses. */
export interface FailsOnStatus extends Kind {
  readonly "~outer": GivesOnly<
    Response,
    this["~inner"],
    Service<RequestOf<this["~inner"]>, ResponseOf<this["~inner"]>, FailureOf<this["~inner"]> | StatusError>,
    "failOnStatus"
  >;
}

const name = "failOnStatus";

/**
 * Turns a response with a failing status into a failure, so that outer layers see one: a retry, a circuit breaker, a trace.
 *
 * First it reads at most 64 KiB of the response's body and cancels the rest: no connection stays busy, and an outer limit that counts until
 * bodies end does not wait for it. That may take as long as the body does, so put this layer inside a timeout. When the call's signal
 * aborts meanwhile, the call rejects with the signal's reason.
 *
 * @example
 * const service = new ServiceBuilder().layer(failOnStatus()).service(fetchService());
 * // Service<HttpRequest, Response, NetworkError | StatusError>
 *
 * @param fails whether the request failed, by the head of the response; it must not read the body. Default: 408, 429 and 500 to 599
 * @throws TypeError | RangeError when a parameter is not in its range
 */
export function failOnStatus(
  fails: (response: Response) => boolean = saysFailure,
  options?: FailOnStatusOptions,
): Layer<FailsOnStatus> {
  requireFunction(name, "fails", fails);
  const { read = 1_024 } = readOptions(name, options, ["read"]);
  requireNumber(name, "read", read, { min: 0, max: 65_536, integer: true });
  const answer = (response: Response, { signal }: HandlerOptions): Response | Promise<Response> => {
    let failed: boolean;
    try {
      failed = answerOf(fails(response));
    } catch (error) {
      return readOff(bodyOf(response)).then(() => {
        throw error;
      });
    }
    if (!failed) return response;
    return readOff(bodyOf(response)).then((body) => {
      throwIfAborted(signal);
      throw new StatusError(response, body, read);
    });
  };
  return callLayer<FailsOnStatus>(
    name,
    (inside, request, callOptions) =>
      inside.start(request, callOptions).then((response: Response) => answer(response, callOptions)),
    { facts: { read } },
  );
}

/** A value that is not a response is not a failure. */
function saysFailure(response: Response): boolean {
  try {
    const { status } = response;
    return status === 408 || status === 429 || (status >= 500 && status <= 599);
  } catch {
    return false;
  }
}

/** A user's service may return something that only resembles a response. */
function bodyOf(response: Response): Response["body"] {
  try {
    return response.body;
  } catch {
    return null;
  }
}

function answerOf(value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw new TypeError(`${name}: fails must answer true or false; received ${show(value)}`);
}
