import { get } from "node:http";
import type { ByRoute } from "../routes.ts";
import type { TapeEntry } from "./tape-entry.ts";

/** What a gateway says of one route at `/metrics`. The first four are of this moment, the others count from its start. */
export interface RouteMetrics {
  /** Requests that wait in the gateway. */
  readonly queued: number;
  /** Requests that the backend has been asked, and has not answered. */
  readonly permits: number;
  /** Retries that the budget would allow now; null where there is no budget. */
  readonly budget: number | null;
  /** How many the limit lets in to the backend at once, where it finds that out by itself; null where not. */
  readonly limit: number | null;
  readonly retries: number;
  /** Retries that there was no budget for. */
  readonly retriesDenied: number;
  /** How often the circuit in front of the backend has opened; 0 where there is none. */
  readonly circuitOpened: number;
  /** Attempts that the open circuit has kept from the backend. */
  readonly circuitRefused: number;
}

/** What a gateway says at `/metrics`. */
export interface GatewayMetrics {
  /** Resident memory of the process, in bytes. */
  readonly rss: number;
  readonly connections: { readonly active: number; readonly waiting: number; readonly max: number };
  /** Answers since the start, by status. */
  readonly answers: Readonly<Record<string, number>>;
  readonly routes: ByRoute<RouteMetrics>;
  /** What the meters of its stacks have counted: for whoever looks at `/metrics`. None where there are no layers. */
  readonly meters: readonly object[];
  /** What its layers have announced. Nothing where there are no layers. */
  readonly events: readonly TapeEntry[];
}

/** Asks a gateway for its figures; undefined when it does not say soon. */
export function readMetrics(port: number): Promise<GatewayMetrics | undefined> {
  return read(port, "/metrics") as Promise<GatewayMetrics | undefined>;
}

/** Asks a gateway with layers what each of its routes is made of; undefined when it does not say soon. */
export function readDescription(port: number): Promise<unknown> {
  return read(port, "/describe");
}

function read(port: number, path: string): Promise<unknown> {
  return new Promise((resolve) => {
    const asked = get({ host: "127.0.0.1", port, path, timeout: 1000 }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (text: string) => (body += text));
      response.on("error", () => resolve(undefined));
      response.on("end", () => resolve(response.statusCode === 200 ? (JSON.parse(body) as unknown) : undefined));
    });
    asked.on("timeout", () => asked.destroy());
    asked.on("error", () => resolve(undefined));
  });
}
