import type { TapeEntry } from "../gateway/tape-entry.ts";
import type { ClassShare, Ending } from "../load/tally.ts";

/**
 * The routes that the live page loads. Not `hash`: its backend computes, and two of them beside each other would show what this machine can
 * do, and not what the gateways do.
 */
export const liveRoutes = ["quote", "report", "fares"] as const;

export type LiveRoute = (typeof liveRoutes)[number];

export type ByLiveRoute<T> = Readonly<Record<LiveRoute, T>>;

/** What clients ask for: the same of both gateways. */
export interface Asked {
  /** How many times what the backends can do, of each route. */
  readonly times: number;
  /** Whether one client alone asks one route for several times what its backend can do, beside that. */
  readonly greedy: boolean;
  /** Whether the important of the requests say that they are. */
  readonly important: boolean;
}

/** What has been done to a backend. */
export type Condition =
  | { readonly kind: "up" }
  /** Its work takes so many times as long. */
  | { readonly kind: "slow"; readonly factor: number }
  /** It does not answer, and its connections stay open, for so many ms. */
  | { readonly kind: "silent"; readonly ms: number }
  /** Its process is gone. */
  | { readonly kind: "killed" };

/** Requests a second, over the last second: those that were sent, and how they ended for their clients. */
export type Flow = Readonly<Record<Ending | "offered", number>>;

/** A layer as `describe` tells it in JSON, where numbers that JSON does not have are text. */
export interface DescribedLayer {
  readonly id: string;
  readonly layer: string;
  readonly label?: string;
  readonly traits: readonly string[];
  readonly facts: Readonly<Record<string, string | number | boolean>>;
  readonly numbers: Readonly<Record<string, number | string>>;
  readonly inner?: DescribedLayer;
  readonly branches?: readonly { readonly key: string; readonly node: DescribedLayer }[];
}

/** What `describe` says of a route. */
export interface Described {
  readonly root: DescribedLayer;
  readonly warnings: readonly { readonly rule: string; readonly at: string; readonly message: string }[];
}

/** One route of one gateway, at a moment. */
export interface RouteFrame {
  readonly flow: Flow;
  /** The important ones of these, whether they say so or not: requests a second, over the last two seconds. */
  readonly important: ClassShare;
  /** Those of the greedy client, which are in none of the other figures. */
  readonly greedy: ClassShare;
  /** Requests that wait in the gateway. */
  readonly waiting: number;
  /** Requests that the backend has been asked, and has not answered. */
  readonly active: number;
  /** Retries that the budget would allow; null where there is no budget. */
  readonly budget: number | null;
  /** What the backend works on, and what waits inside of it. */
  readonly backend: { readonly active: number; readonly queued: number };
  /** Its stack; null where there is none. */
  readonly described: Described | null;
}

/** One gateway, at a moment. */
export interface SideFrame {
  /** Of all routes together. */
  readonly flow: Flow;
  /** In ms, of answers in time and of clients that left, over the last two seconds; null where there was none. */
  readonly p50: number | null;
  readonly p99: number | null;
  /** Requests that wait, in the gateway and in its backends. */
  readonly waiting: number;
  readonly connections: { readonly active: number; readonly waiting: number; readonly max: number };
  /** Resident memory of its process, in bytes. */
  readonly rss: number;
  readonly routes: ByLiveRoute<RouteFrame>;
}

/** What the charts keep of a frame. */
export interface Point {
  /** In ms since 1970. */
  readonly at: number;
  readonly offered: number;
  readonly good: Both;
  readonly waiting: Both;
  readonly p99: { readonly layered: number | null; readonly plain: number | null };
  /** Told at once to come back later. */
  readonly refused: Both;
  /** Left without an answer, or with a failure. */
  readonly lost: Both;
}

interface Both {
  readonly layered: number;
  readonly plain: number;
}

/** All that the page shows, at a moment. */
export interface Frame extends Asked {
  readonly point: Point;
  /** For how long the load generator was held up at most, or the server of the page, over the last seconds, in ms: a busy machine spoils the figures. */
  readonly heldUp: number;
  readonly conditions: ByLiveRoute<Condition>;
  /** What layers have announced, what began last first. */
  readonly events: readonly TapeEntry[];
  readonly layered: SideFrame;
  readonly plain: SideFrame;
}
