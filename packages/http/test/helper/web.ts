import { VirtualClock } from "@sluice/testing";
import type { FetchHandler } from "../../src/index.ts";

export function ask(path = "/", init: RequestInit = {}): Request {
  return new Request(`http://test${path}`, init);
}

/** The status of a response, and what is told of the problem. */
export interface Told {
  readonly status: number;
  readonly type: string | undefined;
  readonly retryAfter: string | null;
}

export async function told(response: Response): Promise<Told> {
  const isProblem = response.headers.get("content-type") === "application/problem+json";
  const { type } = isProblem ? ((await response.json()) as { type: string }) : { type: undefined };
  return { status: response.status, type, retryAfter: response.headers.get("retry-after") };
}

/** Lets everything settle that can. */
export function settle(): Promise<void> {
  return new VirtualClock().advance(0);
}

/** What becomes of a request: its status, or that it is still open. */
export async function statusNow(answer: ReturnType<FetchHandler>): Promise<number | "open"> {
  return Promise.race([answer.then(({ status }) => status), settle().then(() => "open" as const)]);
}

/** A stream of bytes, and what was done with it. */
export interface Source {
  readonly stream: ReadableStream<Uint8Array>;
  /** How often it was pulled. */
  pulled: number;
  /** What it was cancelled with. */
  cancelled: unknown;
}

export function source(...chunks: readonly string[]): Source {
  const encoder = new TextEncoder();
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const chunk = chunks[state.pulled];
        state.pulled++;
        if (chunk === undefined) controller.close();
        else controller.enqueue(encoder.encode(chunk));
      },
      cancel(reason) {
        state.cancelled = reason ?? "cancelled";
      },
    },
    { highWaterMark: 0 },
  );
  const state: Source = { stream, pulled: 0, cancelled: undefined };
  return state;
}

/** An upload that streams. */
export function upload(
  body: ReadableStream<Uint8Array>,
  headers: Record<string, string> = {},
  signal?: AbortSignal,
): Request {
  const init: RequestInit & { duplex: "half" } = {
    method: "POST",
    body,
    headers,
    duplex: "half",
    ...(signal && { signal }),
  };
  return ask("/upload", init);
}
