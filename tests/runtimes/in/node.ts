// Node.js: srvx makes a server of the handler.
import { serve } from "srvx";
import { handler } from "../handler.ts";
import { suite } from "../suite.ts";

const server = serve({ fetch: handler, port: 0, hostname: "127.0.0.1", silent: true });
await server.ready();
console.log(JSON.stringify(await suite(server.url!.replace(/\/$/, ""))));
await server.close(true);
