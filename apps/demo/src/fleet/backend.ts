// The backend of the fleet. It answers everybody at once, and notes when each request arrived: the limit stands in front of it, and not in it.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { reply } from "../backends/backend.ts";
import { attach } from "../process/parent.ts";
import { type Arrival, type FleetBackendSays, machineTime, memberHeader } from "./messages.ts";
import type { Member } from "./plan.ts";

const parent = attach<never, FleetBackendSays>(() => {});
let arrivals: Arrival[] = [];

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  arrivals.push([request.headers[memberHeader] as Member, machineTime()]);
  request.resume();
  reply(response, 200, { price: 100 });
});
server.listen(0, "127.0.0.1", () => {
  parent.tell({ kind: "listening", port: (server.address() as AddressInfo).port });
});

setInterval(() => {
  if (arrivals.length > 0) parent.tell({ kind: "arrivals", arrivals });
  arrivals = [];
}, 50);
