// A stack in front of NestJS
//
// A Nest application on Express: a controller, a service that it is given, a module. The stack is a middleware for a path; the controller hands
// the signal of its request on.
//
//   app.use("/reports", guard(stack))      before the application is initialised, so that it stands in front of Nest's body parser
//   createServer(serverOptions(), …)       the server, made by hand, with time-outs for slow clients
//   drain(server), then app.close()        the end
//
// The failure it prevents: Nest reads the body of every request, and makes a controller's dependencies for it, before anything asks whether
// there is room.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type ArgumentsHost,
  Body,
  Catch,
  Controller,
  Get,
  Inject,
  Injectable,
  Module,
  Param,
  Post,
  Req,
  UseFilters,
} from "@nestjs/common";
import { BaseExceptionFilter, NestFactory } from "@nestjs/core";
import { ExpressAdapter } from "@nestjs/platform-express";
import { ServiceBuilder } from "@sluice/core";
import { drain, guard, harden, serverOptions, signalOf } from "@sluice/http/node";
import { concurrencyLimit } from "@sluice/limit";
import { timeout } from "@sluice/timeout";
import express from "express";

// ── The application ──────────────────────────────────────────────────────────────────────────────────────────────────

class ReportsService {
  making = 0;
  most = 0;

  async make(id: string, signal: AbortSignal): Promise<string> {
    this.most = Math.max(this.most, ++this.making);
    try {
      await sleep(id === "endless" ? 60_000 : 100, undefined, { signal });
      return `report ${id}`;
    } finally {
      this.making--;
    }
  }
}

class ReportsController {
  private readonly reports: ReportsService;
  constructor(reports: ReportsService) {
    this.reports = reports;
  }

  find(id: string, request: IncomingMessage): Promise<string> {
    return this.reports.make(id, signalOf(request));
  }

  create(body: { readonly id: string }, request: IncomingMessage): Promise<string> {
    return this.reports.make(body.id, signalOf(request));
  }
}

// Work that was aborted fails, and Nest would log that. Its answer is out, or nobody is there to read one.
class AbortedFilter extends BaseExceptionFilter {
  override catch(error: unknown, host: ArgumentsHost): void {
    if (!signalOf(host.switchToHttp().getRequest<IncomingMessage>()).aborted) super.catch(error, host);
  }
}

// oxlint-disable-next-line typescript/no-extraneous-class -- a module of Nest is one
class AppModule {}

// Node runs TypeScript as it is, and has no decorators: they are functions, and called here as the compiler would. In a project that is
// compiled this is
//
//   @Injectable()
//   class ReportsService { … }
//
//   @Catch()
//   class AbortedFilter extends BaseExceptionFilter { … }
//
//   @Controller("reports")
//   @UseFilters(AbortedFilter)
//   class ReportsController {
//     constructor(private readonly reports: ReportsService) {}
//     @Get(":id")
//     find(@Param("id") id: string, @Req() request: IncomingMessage) { … }
//     @Post()
//     create(@Body() body: { id: string }, @Req() request: IncomingMessage) { … }
//   }
//
//   @Module({ controllers: [ReportsController], providers: [ReportsService] })
//   class AppModule {}
Injectable()(ReportsService);
Catch()(AbortedFilter);
Controller("reports")(ReportsController);
UseFilters(AbortedFilter)(ReportsController);
Inject(ReportsService)(ReportsController, undefined, 0);
const method = (name: keyof ReportsController) =>
  [ReportsController.prototype, name, Object.getOwnPropertyDescriptor(ReportsController.prototype, name)!] as const;
Get(":id")(...method("find"));
Param("id")(ReportsController.prototype, "find", 0);
Req()(ReportsController.prototype, "find", 1);
Post()(...method("create"));
Body()(ReportsController.prototype, "create", 0);
Req()(ReportsController.prototype, "create", 1);
Module({ controllers: [ReportsController], providers: [ReportsService] })(AppModule);

// ── The stack, and the server ────────────────────────────────────────────────────────────────────────────────────────

const limit = concurrencyLimit(2);
const reports = guard(new ServiceBuilder().layer(limit).layer(timeout(10_000)));

const instance = express();
const app = await NestFactory.create(AppModule, new ExpressAdapter(instance), { logger: ["error"] });
app.use("/reports", reports);
await app.init();

// Nest's own `listen` makes a server with node's defaults.
const server = createServer(serverOptions(), instance);
harden(server);
server.listen(0, "127.0.0.1");
await once(server, "listening");
const { port } = server.address() as AddressInfo;
const get = (path: string, sent: Record<string, string> = {}) =>
  fetch(`http://127.0.0.1:${port}${path}`, { headers: sent });
const service = app.get(ReportsService);

// ── Five at once ─────────────────────────────────────────────────────────────────────────────────────────────────────

const answers = await Promise.all(["1", "2", "3", "4", "5"].map((id) => get(`/reports/${id}`)));
const [served, refused] = [200, 503].map((code) => answers.filter(({ status }) => status === code).length);
console.log(`Five at once: ${served} served, never more than ${service.most} being made; ${refused} refused.`);
assert.ok(served !== undefined && refused !== undefined && served >= 2 && served + refused === 5);
assert.equal(service.most, 2);
assert.equal((await get("/somewhere/else")).status, 404); // Nest's own answer, which needs no permit

// ── A body that is not read ──────────────────────────────────────────────────────────────────────────────────────────

// While it is full, an upload is refused before its body is there: the parser of Nest would wait for it.
const holding = [get("/reports/a"), get("/reports/b")];
while (service.making < 2) await sleep(1);
const uploading = connect(port, "127.0.0.1");
uploading.on("error", () => {});
uploading.write(
  "POST /reports HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 90000\r\n\r\n{",
);
const [heard] = (await once(uploading, "data")) as [Buffer];
uploading.destroy();
console.log(`An upload that has hardly begun heard "${heard.toString().split("\r\n")[0]}".`);
assert.match(heard.toString(), /^HTTP\/1\.1 503/);
assert.deepEqual(await Promise.all(holding.map(async (each) => (await each).text())), ["report a", "report b"]);

const headers = { "content-type": "application/json" };
const created = await fetch(`http://127.0.0.1:${port}/reports`, { method: "POST", headers, body: '{"id":"c"}' });
assert.deepEqual([created.status, await created.text()], [201, "report c"]);

// ── Time, and clients that leave ─────────────────────────────────────────────────────────────────────────────────────

const late = await get("/reports/endless", { "x-timeout-ms": "200" });
console.log(`An endless report, for a client that waits 200 ms: ${late.status}, and ${service.making} are being made.`);
assert.deepEqual([late.status, service.making], [504, 0]);

const leaving = connect(port, "127.0.0.1");
leaving.write("GET /reports/endless HTTP/1.1\r\nhost: a\r\n\r\n");
while (service.making === 0) await sleep(1);
leaving.destroy();
while (service.making > 0 || limit.active > 0) await sleep(1);
console.log("A client left: its report is not being made any more, and its permit is back.");

// ── And the end ──────────────────────────────────────────────────────────────────────────────────────────────────────

// In a real one: process.once("SIGTERM", …). First what is in flight, then Nest's own hooks, which close databases.
const last = get("/reports/last");
while (service.making === 0) await sleep(1);
const { forced } = await drain(server, { within: 5_000 });
await app.close();
assert.deepEqual([forced, await (await last).text(), limit.active], [false, "report last", 0]);
console.log("Drained, and then closed.");
