/**
 * A pool of connections to one origin as a service: ready while a connection is free. For Node.js, with undici.
 *
 * @packageDocumentation
 */
export type { UndiciService, UndiciServiceOptions } from "./undici-service.ts";
export { undiciService } from "./undici-service.ts";
