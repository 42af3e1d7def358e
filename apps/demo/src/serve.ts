import { drainWords } from "./demo.ts";
import { Conditions } from "./live/conditions.ts";
import { Live } from "./live/live.ts";
import { servePage } from "./live/page-server.ts";
import { Side } from "./live/side.ts";
import { slowFactor } from "./plan.ts";
import type { GatewayKind } from "./process/gateway-process.ts";
import { backendOf, routes } from "./routes.ts";

export interface ServeOptions {
  readonly kind: GatewayKind;
  readonly port: number;
  readonly connections: number;
  readonly signal: AbortSignal;
}

/** Keeps a gateway and its backends up until the signal, with the live page, then drains. */
export async function serve({ kind, port, connections, signal }: ServeOptions): Promise<void> {
  const side = await Side.start(kind, { port, connections, log: true });
  const conditions = new Conditions();
  await conditions.add(side.backends);
  const live = new Live(side, conditions, connections);
  const page = await servePage(live, conditions);
  for (const line of commands(`http://127.0.0.1:${side.port}`, `http://127.0.0.1:${page.port}`)) console.log(line);
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  console.log("\nDraining.");
  page.close();
  // The load goes on for the moment that this takes: clients that leave get no answer.
  for (const line of drainWords(await side.drain())) console.log(line);
  await live.stop();
}

function commands(gateway: string, page: string): string[] {
  return [
    `The live page, both gateways under the same load: ${page}/`,
    `The gateway listens at ${gateway}, on this machine alone. Ctrl-C drains it.`,
    "",
    "  Each route:",
    ...routes.map((route) => `    curl -i '${gateway}/${route}?id=1'    # the ${backendOf[route]} backend`),
    `    curl -i '${gateway}/nowhere'         # 404`,
    `    curl -i '${gateway}/quote?id=x'      # 400`,
    "  Many at once, most of them refused:",
    `    seq 40 | xargs -P 40 -I N curl -s -o /dev/null -w '%{http_code}\\n' '${gateway}/report?id=N' | sort | uniq -c`,
    "  Its counters:",
    `    curl -s ${gateway}/metrics`,
    "  What each route is made of, with the numbers of now:",
    `    curl -s ${gateway}/describe`,
    "  Which routes would let the next request in:",
    `    curl -s ${gateway}/readyz`,
    "  What happens to a backend:",
    `    curl -X POST '${page}/report?factor=${slowFactor}'    # slower; factor=1 as before`,
    `    curl -X POST '${page}/fares?freeze=10000'   # silent, for so many ms`,
    `    curl -X POST '${page}/fares?kill'           # its process is gone`,
    `    curl -X POST '${page}/fares?restart'        # a new process`,
    "  What its limit is, while it runs:",
    `    curl -X POST '${page}/quote?max=8'          # 4 at first`,
    "",
  ];
}
