import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createHttp2Server, type Http2ServerRequest } from "node:http2";
import { type Adds, middleware, ServiceBuilder } from "@sluice/core";
import { concurrencyLimit } from "@sluice/limit";
import { timeout } from "@sluice/timeout";
import express, { type Request as ExpressRequest, type Response as ExpressResponse } from "express";
import { expectTypeOf } from "vitest";
import { drain, guard, harden, serverOptions, signalOf } from "../../src/node/index.ts";

class QuotaError extends Error {
  readonly code = "QUOTA";
}

const stack = new ServiceBuilder().layer(concurrencyLimit(4)).layer(timeout(1_000));
const reports = guard(stack);

// Express: as a middleware, and around a handler, which says what its requests are.
const app = express();
app.use(reports);
app.get("/reports/:id", reports, (request, response) => {
  expectTypeOf(request.params.id).toEqualTypeOf<string>();
  response.json({ gone: signalOf(request).aborted });
});
app.get(
  "/reports/:id",
  reports.handle(async (request: ExpressRequest<{ id: string }>, response: ExpressResponse, { signal }) => {
    expectTypeOf(request.params.id).toEqualTypeOf<string>();
    expectTypeOf(signal).toEqualTypeOf<AbortSignal | undefined>();
    response.json({ gone: signalOf(request).aborted });
  }),
);

// A plain server, and one of HTTP/2.
const server = createServer(
  serverOptions(),
  reports.handle((request, response) => {
    expectTypeOf(request).toExtend<IncomingMessage>();
    expectTypeOf(response).toExtend<ServerResponse>();
    response.end(request.url);
  }),
);
harden(server);
void drain(server);
createHttp2Server(
  reports.handle((request: Http2ServerRequest, response) => {
    response.end(request.url);
  }),
);

// Layers that look at requests of node.
const keyed = new ServiceBuilder().layer(
  middleware("keyed", (request: IncomingMessage, next, options) => next(request, options)),
);
app.use(guard(keyed));
const ofExpress = new ServiceBuilder().layer(
  middleware("params", (request: ExpressRequest, next, options) => next(request, options)),
);
app.use(guard(ofExpress));
const needsExpress = guard(ofExpress).handle(() => {});
// @ts-expect-error a plain server has other requests than Express
const plain: (request: IncomingMessage, response: ServerResponse) => void = needsExpress;
void plain;
// Failures that are not all answered for do not compile; nor does a stack that looks at something else.
const quota = new ServiceBuilder().layer(
  middleware<Adds<QuotaError>>("quota", (request, next, options) => next(request, options)),
);
// @ts-expect-error QUOTA is not answered
guard(quota);
guard(quota, { answers: { QUOTA: (error) => ({ status: 402, detail: error.message }) } });
// @ts-expect-error its layers look at numbers
guard(new ServiceBuilder().layer(middleware("n", (n: number, next) => next(n))));
// @ts-expect-error there is no such option
guard(stack, { waits: true });
