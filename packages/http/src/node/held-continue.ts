import type { NodeRequest, NodeResponse } from "./node-http.ts";

/**
 * Answers `Expect: 100-continue` only when the handler begins to read the body, so that the client of a refused request does not send it.
 *
 * @returns a function that tells whether the client was asked to send
 */
export function holdContinue(request: NodeRequest, response: NodeResponse): () => boolean {
  let invited = false;
  // All reading goes through `_read`, which streams allow to be replaced.
  /* oxlint-disable no-underscore-dangle */
  const read = request._read.bind(request);
  request._read = (size) => {
    request._read = read;
    if (!response.headersSent && !response.writableEnded) {
      invited = true;
      response.writeContinue();
    }
    read(size);
  };
  /* oxlint-enable no-underscore-dangle */
  return () => invited;
}
