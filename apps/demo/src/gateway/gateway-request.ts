import type { IncomingMessage } from "node:http";

/** What a client asks of the gateway. */
export interface GatewayRequest {
  readonly method: string;
  /** The first segment of the path. */
  readonly route: string;
  /** What is asked for: `?id=`. */
  readonly id: string;
}

export function readRequest({ method = "GET", url = "/" }: IncomingMessage): GatewayRequest {
  const question = url.indexOf("?");
  const path = question < 0 ? url : url.slice(0, question);
  return {
    method,
    route: path.split("/", 2)[1] ?? "",
    id: question < 0 ? "" : (new URLSearchParams(url.slice(question + 1)).get("id") ?? ""),
  };
}
