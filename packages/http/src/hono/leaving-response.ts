import type { Context } from "hono";
import { type ClosingResponse, isClosed, onClose } from "../node/node-response.ts";
import { discard, remadeResponse } from "../remade-response.ts";
import { followed } from "../server/layers/followed-body.ts";

/** The environment of Hono's adapter for Node. */
interface NodeEnvironment {
  readonly outgoing?: ClosingResponse;
}

/** As `c.res = response`, without the headers of the previous response. */
export function replace(c: Context, response: Response): void {
  c.res = undefined;
  c.res = response;
}

/** Resolves when Node's response has closed; undefined on other runtimes. */
export function closed(c: Context): Promise<void> | undefined {
  const { outgoing } = (c.env ?? {}) as NodeEnvironment;
  if (outgoing === undefined) return undefined;
  return new Promise((resolve) => {
    if (isClosed(outgoing)) resolve();
    else onClose(outgoing, resolve);
  });
}

/** Follows the body of the response, and resolves when it has ended; undefined where there is none. */
export function leaving(c: Context): Promise<void> | undefined {
  const { res: response } = c;
  if (response.body === null) return undefined;
  const { made, end } = followed(response, response.body, c.req.raw.signal);
  replace(c, made);
  return end;
}

/** A response to HEAD. Cancels the body, for an adapter would pull it to its end. */
export function withoutBody(response: Response): Response {
  if (response.body === null) return response;
  discard(response);
  return remadeResponse(null, response);
}
