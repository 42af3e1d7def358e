import type { HandlerOptions } from "@sluice/core";
import { abortReason, promiseOf, throwIfAborted } from "@sluice/core/kit";
import { type HttpBody, type HttpInit, type HttpRequest, isRequest } from "./http-request.ts";
import { JoinedSignal } from "./joined-signal.ts";
import { NetworkError } from "./network-error.ts";
import { outgoing, usedUp } from "./outgoing.ts";

/** A function like `fetch`. */
export type Fetch = (input: any, init?: any) => Promise<Response>;

/** One call of fetch. */
interface Sent {
  readonly input: string | URL | Request;
  readonly init: (RequestInit & { duplex?: "half" }) | undefined;
  /** The signals of the call and of the request. */
  readonly signals: readonly AbortSignal[];
  readonly giveUp: (reason: unknown) => void;
}

/**
 * Sends one request; the promise resolves when the head of the response has arrived. It rejects with the signal's reason after an abort,
 * with {@link NetworkError} where the connection failed, and with the error of `fetch` for a request that cannot be sent.
 */
export function exchange(
  fetch: Fetch,
  defaults: HttpInit | undefined,
  request: HttpRequest,
  { signal: given }: HandlerOptions,
): Promise<Response> {
  const signals = [given, request.signal ?? undefined].filter((signal) => signal !== undefined);
  signals.forEach(throwIfAborted);
  if (isRequest(request)) {
    if (request.bodyUsed) throw usedUp();
    // Any init, even an empty one, removes the referrer of a Request.
    const init = given === undefined && defaults === undefined ? undefined : { ...defaults };
    return send(fetch, { input: request, init, signals, giveUp() {} });
  }
  const { body } = request;
  if (typeof body !== "function") return sendBody(fetch, defaults, request, signals, body);
  const made = body();
  if (!isThenable(made)) return sendBody(fetch, defaults, request, signals, made);
  return promiseOf(made).then((value) => sendBody(fetch, defaults, request, signals, value));
}

function sendBody(
  fetch: Fetch,
  defaults: HttpInit | undefined,
  request: HttpRequest,
  signals: readonly AbortSignal[],
  value: HttpBody | null | undefined,
): Promise<Response> {
  const { url: input, method, headers } = request;
  const rest = { ...defaults, ...request.init, method, headers, duplex: "half" } as NonNullable<Sent["init"]>;
  const { body, giveUp } = outgoing(value);
  // The signal may have aborted while the body was made.
  const aborted = signals.find((signal) => signal.aborted);
  if (aborted === undefined) return send(fetch, { input, init: { ...rest, body: body ?? null }, signals, giveUp });
  giveUp(abortReason(aborted));
  throw abortReason(aborted);
}

function send(fetch: Fetch, { input, init, signals, giveUp }: Sent): Promise<Response> {
  const [one, other] = signals;
  const joined = one !== undefined && other !== undefined && one !== other ? new JoinedSignal([one, other]) : undefined;
  const signal = joined?.signal ?? one;
  return begin(fetch, input, init && signal ? { ...init, signal } : init).then(
    (response) => {
      joined?.releaseAfter(response);
      return response;
    },
    (error: unknown) => {
      joined?.release();
      const reason = signal?.aborted
        ? abortReason(signal)
        : isTypeError(error) && canBeSent(input, init)
          ? new NetworkError(error)
          : error;
      giveUp(reason);
      throw reason;
    },
  );
}

function begin(fetch: Fetch, input: unknown, init: unknown): Promise<Response> {
  try {
    return promiseOf(fetch(input, init));
  } catch (error) {
    return Promise.reject(error);
  }
}

/** By name: under Jest, the errors of fetch are of another realm. */
function isTypeError(error: unknown): boolean {
  return (error as Error | undefined)?.name === "TypeError";
}

/** Fetch also rejects with a TypeError for a malformed request. This is checked only after a failure. */
function canBeSent(input: Sent["input"], init: Sent["init"]): boolean {
  if (typeof input === "object" && "clone" in input) return true;
  try {
    const { body, ...rest } = init ?? {};
    void new Request(input, body === undefined || body === null ? rest : { ...rest, body: "" });
    return true;
  } catch {
    return false;
  }
}

function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T> | null | undefined)?.then === "function";
}
