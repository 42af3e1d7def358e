import {
  longestTimer,
  readOptions,
  requireDuration,
  requireName,
  requireNumber,
  requireObject,
  show,
} from "@sluice/core/kit";

/** An answer to a failure: a problem of RFC 9457. */
export interface Problem {
  /** The status of the response: a whole number from 400 to 599. */
  readonly status: number;
  /** A URI that identifies the kind of problem; default `"about:blank"`, which means the status alone. */
  readonly type?: string | undefined;
  /** A name for the kind of problem, the same each time; default: the phrase of the status, for statuses that this package uses. */
  readonly title?: string | undefined;
  /** What went wrong this time. It is sent to the client. Default: none. */
  readonly detail?: string | undefined;
  /** A URI that identifies this occurrence, for a log. Default: none. */
  readonly instance?: string | undefined;
  /** In how many milliseconds another attempt may succeed, 0 to 2^31-1: sent as `Retry-After`, in whole seconds, rounded up, at least 1. */
  readonly retryAfter?: number | undefined;
  /**
   * Further headers of the response, also those of an upstream's response: what says how its body was sent (`content-encoding`,
   * `content-length`, `trailer`, `transfer-encoding`) is left out. Default: none.
   */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Further members of the body: `{ "violated-policies": ["daily"] }`. The members above override them. Default: none. */
  readonly extensions?: Readonly<Record<string, unknown>> | undefined;
}

/** A serialised problem. The names of the headers are in lower case. */
export interface WrittenProblem {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The length of the body in bytes. */
  readonly length: number;
}

/** The phrases of the statuses that this package uses by itself. */
const phrases: Readonly<Record<number, string>> = {
  404: "Not Found",
  408: "Request Timeout",
  413: "Content Too Large",
  429: "Too Many Requests",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

/** Names of headers that are about the body of the response that they come from, and would make this one unreadable. */
const ofAnotherBody = /^(content-(encoding|length)|trailer|transfer-encoding)$/i;

const members = ["type", "title", "detail", "instance"] as const;

/** @throws TypeError | RangeError when a member is not in its range */
export function writeProblem(owner: string, problem: Problem): WrittenProblem {
  requireObject(owner, "problem", problem);
  const read = readOptions<Problem>(`${owner}: problem`, problem, [
    "status",
    ...members,
    "retryAfter",
    "headers",
    "extensions",
  ]);
  const status = requireNumber(owner, "problem.status", read.status, { min: 400, max: 599, integer: true });
  const { retryAfter } = read;
  if (retryAfter !== undefined) requireDuration(owner, "problem.retryAfter", retryAfter);
  for (const member of members) if (read[member] !== undefined) requireName(owner, read[member], `problem.${member}`);
  const { type = "about:blank", title = phrases[status], detail, instance } = read;
  const body = bodyOf(owner, read.extensions, { type, title, status, detail, instance });
  return {
    status,
    headers: {
      ...lowerCased(owner, read.headers),
      "content-type": "application/problem+json",
      ...(retryAfter !== undefined && { "retry-after": wholeSeconds(retryAfter) }),
    },
    body,
    length: new TextEncoder().encode(body).byteLength,
  };
}

/** A time in milliseconds as a value of `Retry-After`: whole seconds, rounded up, at least 1. */
export function wholeSeconds(ms: number): string {
  return String(Math.max(Math.ceil(Math.min(ms, longestTimer) / 1_000), 1));
}

function lowerCased(owner: string, headers: Problem["headers"] = {}): Record<string, string> {
  requireObject(owner, "problem.headers", headers);
  const lower: Record<string, string> = {};
  const wanted = `${owner}: problem.headers must be names and values of HTTP; received ${show(headers)}`;
  let entries: readonly (readonly [string, unknown])[];
  try {
    entries = Object.entries(headers);
  } catch (cause) {
    throw new TypeError(`${wanted} that cannot be read`, { cause });
  }
  for (const [name, value] of entries) {
    if (typeof value !== "string" || !/^[\w!#$%&'*+.^`|~-]+$/.test(name) || !/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
      throw new TypeError(`${wanted} whose ${name} is ${show(value)}`);
    }
    if (!ofAnotherBody.test(name)) lower[name.toLowerCase()] = value;
  }
  return lower;
}

function bodyOf(owner: string, extensions: Problem["extensions"] = {}, body: object): string {
  requireObject(owner, "problem.extensions", extensions);
  try {
    return JSON.stringify({ ...extensions, ...body });
  } catch (cause) {
    throw new TypeError(`${owner}: problem.extensions must be values of JSON; received ${show(extensions)}`, { cause });
  }
}
