import type { NodeRequest, NodeResponse } from "./node-http.ts";

/**
 * Answers `Expect: 100-continue` when somebody begins to read the body, and not before: a request that is refused is not invited to send it.
 *
 * @returns whether the client was invited
 */
export function holdContinue(request: NodeRequest, response: NodeResponse): () => boolean {
  let invited = false;
  // The one place through which all reading goes: streams are made to have it replaced.
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
