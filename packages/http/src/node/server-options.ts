import { longestTimer, readOptions, requireDuration, requireNumber } from "@sluice/core/kit";

/** Options of {@link serverOptions}. Times are in milliseconds, up to 2^31-1; a fraction is rounded up, for Node takes whole ones. */
export interface ServerTimes {
  /** How long a client may take to send the headers of a request, above 0; default 10,000. At most `requestTimeout`. */
  readonly headersTimeout?: number | undefined;
  /**
   * How long a client may take to send a request, above 0; default 60,000. It includes the time for which a body of more than 64 KiB waits
   * for admission, so it must not be below the longest wait in the stack.
   */
  readonly requestTimeout?: number | undefined;
  /** How often those two are checked, above 0; default a fifth of `headersTimeout`, at least 100 and at most 30,000. */
  readonly connectionsCheckingInterval?: number | undefined;
  /** How long an idle connection is kept, 0 or more; default 5,000. Behind a load balancer, set it longer than the balancer's. */
  readonly keepAliveTimeout?: number | undefined;
  /** How large the headers of a request may be: bytes, a whole number of 1 or more; default 16,384. A request with more is answered with 431. */
  readonly maxHeaderSize?: number | undefined;
}

const owner = "serverOptions";

/**
 * The options that can only be set when a server of `node:http` is made: `createServer(serverOptions(), handler)`. Node's own defaults let
 * a client that sends slowly hold a connection for 60 s (headers) or 300 s (bodies), and check this every 30 s.
 *
 * @example
 * const server = createServer(serverOptions({ requestTimeout: 30_000 }), reports.handle(handler));
 *
 * @throws TypeError | RangeError when an option is not in its range
 */
export function serverOptions(options?: ServerTimes): Required<{ [Option in keyof ServerTimes]: number }> {
  const read = readOptions(owner, options, [
    "headersTimeout",
    "requestTimeout",
    "connectionsCheckingInterval",
    "keepAliveTimeout",
    "maxHeaderSize",
  ]);
  const { requestTimeout = 60_000, keepAliveTimeout = 5_000, maxHeaderSize = 16_384 } = read;
  requireDuration(owner, "requestTimeout", requestTimeout, { above: true });
  const { headersTimeout = Math.min(10_000, requestTimeout) } = read;
  requireNumber(owner, "headersTimeout", headersTimeout, { min: 0, max: requestTimeout, above: true });
  const { connectionsCheckingInterval = Math.min(Math.max(headersTimeout / 5, 100), 30_000) } = read;
  requireDuration(owner, "connectionsCheckingInterval", connectionsCheckingInterval, { above: true });
  requireDuration(owner, "keepAliveTimeout", keepAliveTimeout);
  requireNumber(owner, "maxHeaderSize", maxHeaderSize, { min: 1, max: longestTimer, integer: true });
  return {
    headersTimeout: Math.ceil(headersTimeout),
    requestTimeout: Math.ceil(requestTimeout),
    connectionsCheckingInterval: Math.ceil(connectionsCheckingInterval),
    keepAliveTimeout: Math.ceil(keepAliveTimeout),
    maxHeaderSize,
  };
}
