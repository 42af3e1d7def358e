import type { FailureOf, GivesOnly, HandlerOptions, Kind, Layer, RequestOf, ResponseOf, Service } from "@sluice/core";
import { callLayer, readOptions, requireFunction, requireNumber, show, throwIfAborted } from "@sluice/core/kit";
import { readOff } from "./read-off.ts";
import { StatusError } from "./status-error.ts";

/** Options of {@link failOnStatus}. */
export interface FailOnStatusOptions {
  /** Of how many bytes of a failing body `StatusError.body` is made: a whole number of 0 to 65,536; default 1,024. */
  readonly read?: number | undefined;
}

/** Fails with `StatusError`, too. The service inside answers with responses. */
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
 * Makes a failure of a response with a failing status, so that the layers outside see it as one: a retry, a circuit breaker, a trace.
 *
 * Before it fails, the response's body is read off, for 64 KiB at most, and what is left is cancelled: no connection stays busy, and a
 * limit outside that counts until bodies end does not wait for it. That may take as long as the body does, so put it inside a timeout.
 * When the call's signal aborts meanwhile, the call rejects with the signal's reason.
 *
 * @example
 * const service = new ServiceBuilder().layer(failOnStatus()).service(fetchService());
 * // Service<HttpRequest, Response, NetworkError | StatusError>
 *
 * @param fails whether the request failed; default for 408, 429 and 500 to 599. It looks at the head and leaves the body alone
 * @throws TypeError | RangeError when a parameter is not as it must be
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

/** What is no response says nothing. */
function saysFailure(response: Response): boolean {
  try {
    const { status } = response;
    return status === 408 || status === 429 || (status >= 500 && status <= 599);
  } catch {
    return false;
  }
}

/** A service of anyone's own may answer with something that only resembles a response. */
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
