import { type Service, ServiceBuilder } from "@sluice/core";
import type { Pool } from "undici";
import { expectTypeOf } from "vitest";
import { failOnStatus, type HttpRequest, type NetworkError, type StatusError } from "../../src/index.ts";
import { undiciService } from "../../src/undici/index.ts";

const made = undiciService({ origin: "http://127.0.0.1", connections: 4, pool: { keepAliveTimeout: 10_000 } });
expectTypeOf(made.service).toEqualTypeOf<Service<HttpRequest, Response, NetworkError>>();
expectTypeOf(made.pool).toEqualTypeOf<Pool>();

const users = new ServiceBuilder().layer(failOnStatus()).service(made.service);
expectTypeOf(users).toEqualTypeOf<Service<HttpRequest, Response, NetworkError | StatusError>>();

// @ts-expect-error a pool is of one origin
undiciService({ connections: 4 });
// @ts-expect-error and of so many connections
undiciService({ origin: "http://127.0.0.1" });
// @ts-expect-error of which there is one number
undiciService({ origin: "http://127.0.0.1", connections: 4, pool: { connections: 5 } });
// @ts-expect-error a connection carries one exchange at a time
undiciService({ origin: "http://127.0.0.1", connections: 4, pool: { pipelining: 2 } });
// @ts-expect-error a counter is not to be set
made.active = 0;
