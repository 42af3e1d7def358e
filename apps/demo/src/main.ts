// npm run demo                 the demo, about a minute
// npm run demo -- --quick      the same, in about 20 seconds
// npm run demo -- --chart F    writes a chart of it to F, too (SVG)
// npm run demo -- --serve      keeps the gateway up for curl
// npm run demo -- --fleet      three gateways that share a limit over Redis or Valkey, about 30 seconds
import { parseArgs } from "node:util";
import { demo } from "./demo.ts";
import { fleet } from "./fleet/fleet.ts";
import { serve } from "./serve.ts";

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    serve: { type: "boolean", default: false },
    fleet: { type: "boolean", default: false },
    plain: { type: "boolean", default: false },
    chart: { type: "string" },
    port: { type: "string", default: "0" },
    connections: { type: "string", default: "64" },
  },
});

const port = wholeNumber("port", values.port, 65_535);
const connections = wholeNumber("connections", values.connections, 100_000);

const interrupted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    // Who asks twice does not want to wait: the exit ends the children.
    if (interrupted.signal.aborted) process.exit(130);
    interrupted.abort();
  });
}
// Nobody reads any more: `npm run demo | head`.
process.stdout.on("error", () => process.exit(0));

if (values.fleet) {
  process.exit(await fleet({ quick: values.quick, output: process.stdout, signal: interrupted.signal }));
}
if (values.serve) {
  await serve({ kind: values.plain ? "plain" : "layered", port, connections, signal: interrupted.signal });
} else {
  await demo({
    quick: values.quick,
    connections,
    chart: values.chart,
    output: process.stdout,
    signal: interrupted.signal,
  });
}
process.exit(0);

function wholeNumber(name: string, text: string, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0 && value <= most) return value;
  console.error(`--${name} must be a whole number of 0 to ${most}; received ${JSON.stringify(text)}`);
  return process.exit(2);
}
