import type { IncomingMessage } from "node:http";
import { clientHeader, important, priorityHeader } from "../load/messages.ts";

/** What a client asks of the gateway. */
export interface GatewayRequest {
  readonly method: string;
  /** The first segment of the path. */
  readonly route: string;
  /** What is asked for: `?id=`. */
  readonly id: string;
  /** Who asks, as the client says; undefined where it does not. A gateway of yours would take whom it has authenticated. */
  readonly client: string | undefined;
  /** Whether it comes before others where there is too much to do. */
  readonly isImportant: boolean;
}

export function readRequest({ method = "GET", url = "/", headers }: IncomingMessage): GatewayRequest {
  const question = url.indexOf("?");
  const path = question < 0 ? url : url.slice(0, question);
  return {
    method,
    route: path.split("/", 2)[1] ?? "",
    id: question < 0 ? "" : (new URLSearchParams(url.slice(question + 1)).get("id") ?? ""),
    client: headers[clientHeader]?.toString(),
    isImportant: headers[priorityHeader] === important,
  };
}
