import type { Context } from "hono";
import { isClosed, type NodeResponse } from "../node/node-http.ts";
import { onClose } from "../node/response-close.ts";
import { remadeResponse } from "../remade-response.ts";
import { followed } from "../server/layers/followed-body.ts";

/** A response, and a promise that resolves when it has been sent; undefined where it has no body. */
interface Leaving {
  readonly response: Response;
  readonly left: Promise<unknown> | undefined;
}

/** The environment of Hono's adapter for Node. */
interface NodeEnvironment {
  readonly outgoing?: NodeResponse;
}

export function leaving(c: Context): Leaving {
  const { res: response } = c;
  const { outgoing } = (c.env ?? {}) as NodeEnvironment;
  if (outgoing !== undefined) {
    const left = new Promise<void>((resolve) => {
      if (isClosed(outgoing)) resolve();
      else onClose(outgoing.req, outgoing, resolve);
    });
    return { response, left };
  }
  if (response.body === null) return { response, left: undefined };
  const { made, end } = followed(response, response.body, c.req.raw.signal);
  return { response: made, left: end };
}

/** A response to HEAD. Cancels the body, for an adapter would pull it to its end. */
export function withoutBody(response: Response): Response {
  if (response.body === null) return response;
  response.body.cancel().catch(() => {});
  return remadeResponse(null, response);
}
