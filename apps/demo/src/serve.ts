import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { drainWords } from "./demo.ts";
import { slowFactor } from "./plan.ts";
import { Backends } from "./process/backends.ts";
import { type GatewayKind, GatewayProcess } from "./process/gateway-process.ts";
import { backendOf, isRoute, routes } from "./routes.ts";

export interface ServeOptions {
  readonly kind: GatewayKind;
  readonly port: number;
  readonly connections: number;
  readonly signal: AbortSignal;
}

/** Keeps a gateway and its backends up until the signal, then drains. */
export async function serve({ kind, port, connections, signal }: ServeOptions): Promise<void> {
  const backends = await Backends.start();
  const gateway = await GatewayProcess.start(kind, { backends: backends.ports, port, connections, log: true });
  const control = await controlOf(backends);
  for (const line of commands(`http://127.0.0.1:${gateway.port}`, `http://127.0.0.1:${control.port}`))
    console.log(line);
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  console.log("\nDraining.");
  for (const line of drainWords(await gateway.drain())) console.log(line);
  control.close();
  await backends.stop();
}

function commands(gateway: string, control: string): string[] {
  return [
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
    `    curl -X POST '${control}/report?factor=${slowFactor}'    # slower; factor=1 as before`,
    `    curl -X POST '${control}/fares?freeze=10000'   # silent, for so many ms`,
    `    curl -X POST '${control}/fares?restart'        # a new process`,
    "",
  ];
}

/** What the demo does to the backends, for doing it by hand. */
async function controlOf(backends: Backends): Promise<{ port: number; close(): void }> {
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://control");
    const route = pathname.slice(1);
    const [factor, freeze] = [Number(searchParams.get("factor")), Number(searchParams.get("freeze"))];
    request.resume();
    const done = (status: number, text: string) => response.writeHead(status).end(`${text}\n`);
    if (request.method !== "POST" || !isRoute(route)) {
      done(404, "POST /<route>?factor=<times>, ?freeze=<ms> or ?restart");
    } else if (searchParams.has("restart")) {
      void backends.restart(route).then(
        () => done(200, "started anew"),
        (error: unknown) => done(500, String(error)),
      );
    } else if (freeze > 0 && freeze <= 60_000) {
      backends.freeze(route, freeze);
      done(200, `silent for ${freeze} ms`);
    } else if (factor > 0 && factor <= 100) {
      backends.pace(route, factor);
      done(200, `${factor} times as long`);
    } else {
      done(400, "factor is above 0 and at most 100, freeze above 0 and at most 60000");
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
