import type { BackendSays, BackendTold } from "../backends/backend.ts";
import { type ByRoute, backendOf, byRoute, type RouteName, routes } from "../routes.ts";
import { Child } from "./child.ts";

const programs: ByRoute<URL> = {
  quote: new URL("../backends/quick.ts", import.meta.url),
  report: new URL("../backends/slow.ts", import.meta.url),
  fares: new URL("../backends/flaky.ts", import.meta.url),
  hash: new URL("../backends/cpu.ts", import.meta.url),
};

const startWithin = 30_000;

/** What is being worked on in a backend, and what waits for that. */
export interface BackendLoad {
  readonly active: number;
  readonly queued: number;
}

const nothing: BackendLoad = { active: 0, queued: 0 };

/** The backends, each a process, and what is done to them. */
export class Backends {
  /** Where they listen; one that is started anew listens where it did before. */
  readonly ports: ByRoute<number>;
  private readonly children: Record<RouteName, Child<BackendTold, BackendSays>>;
  private readonly loads: Record<RouteName, BackendLoad> = { ...byRoute(() => nothing) };
  private stopped = false;

  private constructor(children: ByRoute<Child<BackendTold, BackendSays>>, ports: ByRoute<number>) {
    this.children = { ...children };
    this.ports = ports;
    for (const route of routes) this.watch(route);
  }

  static async start(): Promise<Backends> {
    const children = byRoute((route) => start(route));
    const ports = await Promise.all(routes.map((route) => portOf(children[route])));
    return new Backends(
      children,
      byRoute((route) => ports[routes.indexOf(route)]!),
    );
  }

  /** What the backend of a route said last. */
  load(route: RouteName): BackendLoad {
    return this.loads[route];
  }

  /** How many wait inside the backend of a route. */
  queued(route: RouteName): number {
    return this.loads[route].queued;
  }

  pace(route: RouteName, factor: number): void {
    this.children[route].tell({ kind: "pace", factor });
  }

  freeze(route: RouteName, ms: number): void {
    this.children[route].tell({ kind: "freeze", ms });
  }

  /** Ends the process: its port is closed until {@link restart}. */
  async kill(route: RouteName): Promise<void> {
    await this.children[route].kill();
    this.loads[route] = nothing;
  }

  /** Ends the process and starts another one at the same port. */
  async restart(route: RouteName): Promise<void> {
    await this.children[route].kill();
    if (this.stopped) return;
    this.children[route] = start(route, this.ports[route]);
    this.watch(route);
    try {
      await portOf(this.children[route]);
    } catch (error) {
      if (!this.stopped) throw error;
    }
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(routes.map((route) => this.children[route].kill()));
  }

  private watch(route: RouteName): void {
    this.loads[route] = nothing;
    this.children[route].listen((said) => {
      if (said.kind === "load") this.loads[route] = { active: said.active, queued: said.queued };
    });
  }
}

function start(route: RouteName, port = 0): Child<BackendTold, BackendSays> {
  return new Child(`the ${backendOf[route]} backend`, programs[route], [String(port)]);
}

async function portOf(child: Child<BackendTold, BackendSays>): Promise<number> {
  return (await child.next("listening", startWithin)).port;
}
