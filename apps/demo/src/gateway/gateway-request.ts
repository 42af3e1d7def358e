import type { IncomingMessage } from "node:http";

/** What a client asks of the gateway. */
export interface GatewayRequest {
  readonly method: string;
  /** The first segment of the path. */
  readonly route: string;
  /** What is asked for: `?id=`. */
  readonly id: string;
  readonly traceparent: string | undefined;
  /** For how many milliseconds the client will wait, where it says so. */
  readonly patience: number | undefined;
}

export function readRequest({ method = "GET", url = "/", headers }: IncomingMessage): GatewayRequest {
  const question = url.indexOf("?");
  const path = question < 0 ? url : url.slice(0, question);
  const patience = Number(headers["x-patience-ms"]);
  return {
    method,
    route: path.split("/", 2)[1] ?? "",
    id: question < 0 ? "" : (new URLSearchParams(url.slice(question + 1)).get("id") ?? ""),
    traceparent: headers["traceparent"] as string | undefined,
    patience: patience > 0 && patience <= 60_000 ? patience : undefined,
  };
}
