import type { GivesOnly, Kind, Layer } from "@sluice/core";
import {
  callLayer,
  readOption,
  readOptions,
  requireDuration,
  requireLabel,
  requireName,
  requireNumber,
  requireObject,
} from "@sluice/core/kit";
import { discard, withFields } from "../../remade-response.ts";

/** The members of a rate that are read: the layer of `rateLimit` has all of them. */
export interface Quota {
  /** How many calls may start now. */
  readonly available: number;
  /** How many may start in an `interval`. */
  readonly limit?: number | undefined;
  /** The span of time, in milliseconds. */
  readonly interval?: number | undefined;
}

/** Options of {@link rateLimitFields}. */
export interface RateLimitFieldsOptions<in Req = never> {
  /** The name of the policy, printable ASCII; default `"default"`. */
  readonly name?: string | undefined;
  /**
   * The rate for all requests, or `(request) => rate`. For undefined, the response gets no fields. Where the function throws, or returns
   * what is no rate, the call fails with that error, or a `TypeError` or `RangeError`, and the body of the response is cancelled.
   */
  readonly rate: Quota | ((request: Req) => Quota | undefined);
  /** How many requests the policy allows in an `interval`, 0 or more; default the rate's `limit`. */
  readonly limit?: number | undefined;
  /** The span of time, milliseconds, above 0 and at most 2^31-1; default the rate's `interval`. */
  readonly interval?: number | undefined;
  /** Tells this layer apart from others of its kind. Default: none. */
  readonly label?: string | undefined;
}

/** Keeps the types of a service that returns a `Response`. */
export interface KeepsResponses extends Kind {
  readonly "~outer": GivesOnly<Response, this["~inner"], this["~inner"]>;
}

const owner = "rateLimitFields";

/**
 * Adds to every response how much of a rate is left, in the fields of draft-ietf-httpapi-ratelimit-headers-10:
 * `RateLimit-Policy: "default";q=100;w=60` and `RateLimit: "default";r=0;t=12`. `w`, the span, is in seconds and left out where it is not a
 * whole number; `t` is the `Retry-After` of the same response. A response that switches protocols (101), and cannot be changed, is passed
 * on as it is. Put this layer outside `answerFailures`, whose answers it must see.
 *
 * @example
 * const rate = rateLimit({ limit: 100, interval: 60_000 });
 * new ServiceBuilder().layer(rateLimitFields({ rate })).layer(answerFailures()).layer(rate);
 *
 * @throws TypeError | RangeError when an option is not in its range
 */
export function rateLimitFields<Req = unknown>(options: RateLimitFieldsOptions<Req>): Layer<KeepsResponses> {
  const read = readOptions<RateLimitFieldsOptions<Req>>(owner, options, ["name", "rate", "limit", "interval", "label"]);
  const { name = "default", rate, limit, interval, label } = read;
  requireName(owner, name);
  if (!/^[\x20-\x7e]+$/.test(name)) throw new TypeError(`${owner}: name must be printable ASCII; received ${name}`);
  requireObject(owner, "rate", rate);
  if (limit !== undefined) requireLimit("limit", limit);
  if (interval !== undefined) requireDuration(owner, "interval", interval, { above: true });
  requireLabel(owner, label);
  const quoted = `"${name.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
  if (typeof rate !== "function") {
    requireLimit("rate.available", readOption(owner, rate as object, "available", "rate.available"));
    if (limit === undefined) requireLimit("limit", readOption(owner, rate as object, "limit", "rate.limit"));
  }

  const fieldsOf = (request: Req, retryAfter: string | null): readonly (readonly [string, string])[] => {
    const quota = typeof rate === "function" ? rate(request) : (rate as Quota);
    if (quota === undefined) return [];
    requireLimit("rate.available", quota.available);
    const q = limit ?? quota.limit;
    if (q !== undefined) requireLimit("rate.limit", q);
    const w = (interval ?? quota.interval ?? Number.NaN) / 1_000;
    const policy = `${quoted};q=${whole(q ?? 0)}${Number.isInteger(w) ? `;w=${w}` : ""}`;
    const r = whole(quota.available);
    // While the rate has room, the response was refused for another reason.
    const t = r === 0 && retryAfter !== null && /^\d+$/.test(retryAfter) ? `;t=${retryAfter}` : "";
    return [...(q === undefined ? [] : [["ratelimit-policy", policy] as const]), ["ratelimit", `${quoted};r=${r}${t}`]];
  };
  return callLayer<KeepsResponses>(
    owner,
    (inside, request, callOptions) =>
      inside.start(request, callOptions).then((response: Response) => {
        let fields: ReturnType<typeof fieldsOf>;
        try {
          fields = fieldsOf(request as Req, response.headers.get("retry-after"));
        } catch (error) {
          // Nobody else will read its body, which may hold permits or a connection.
          discard(response);
          throw error;
        }
        // Another layer of this kind may have added another policy.
        return fields.length === 0 ? response : withFields(response, fields);
      }),
    { label },
  );
}

/** The largest integer of a structured field: 15 digits (RFC 9651). */
const largest = 999_999_999_999_999;

function requireLimit(option: string, value: unknown): void {
  requireNumber(owner, option, value, { min: 0, infinity: true });
}

function whole(value: number): number {
  return Math.min(Math.max(Math.floor(value), 0), largest);
}
