/**
 * A real server of Redis or Valkey for tests, benchmarks and the demo: found or unpacked, started on loopback, and always ended. It
 * installs nothing, and starts no service.
 *
 * @packageDocumentation
 */
export type { RedisServer } from "./redis-server.ts";
export { redisCluster, redisServer } from "./redis-server.ts";
export type { Reply, RespClient } from "./resp-client.ts";
export { RespError, respClient } from "./resp-client.ts";
export type { ServerForTests, ServerProgram } from "./server-program.ts";
export { findServer, howToGetOne, noServer, requireServer, serverForTests } from "./server-program.ts";
export type { SlowLink } from "./slow-link.ts";
export { slowLink } from "./slow-link.ts";
