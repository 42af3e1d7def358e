import { Backends } from "../process/backends.ts";
import { type GatewayKind, GatewayProcess } from "../process/gateway-process.ts";
import { type RouteName, routes } from "../routes.ts";

export interface SideOptions {
  /** Where the gateway listens; 0: the system gives a port. */
  readonly port: number;
  readonly connections: number;
  /** Whether each request is to be logged, but for those of the load generator. */
  readonly log: boolean;
}

/** A gateway with backends of its own, so that what one gateway does to its backends is not felt by the other. */
export class Side {
  readonly kind: GatewayKind;
  readonly backends: Backends;
  private readonly options: SideOptions;
  private gateway: GatewayProcess;

  private constructor(kind: GatewayKind, options: SideOptions, backends: Backends, gateway: GatewayProcess) {
    this.kind = kind;
    this.options = options;
    this.backends = backends;
    this.gateway = gateway;
  }

  static async start(kind: GatewayKind, options: SideOptions): Promise<Side> {
    const backends = await Backends.start();
    return new Side(kind, options, backends, await startGateway(kind, options, backends));
  }

  get port(): number {
    return this.gateway.port;
  }

  /** From now on a route lets so many in to its backend at once. A gateway that is started anew has its own limits again. */
  limit(route: RouteName, max: number): void {
    this.gateway.limit(route, max);
  }

  /** New processes, where the old ones listened. */
  async startAnew(): Promise<void> {
    const { port } = this;
    await this.gateway.stop();
    await Promise.all(routes.map((route) => this.backends.restart(route)));
    this.gateway = await startGateway(this.kind, { ...this.options, port }, this.backends);
  }

  /** Answers what is in flight, refuses what is new, and ends. */
  async drain(): ReturnType<GatewayProcess["drain"]> {
    try {
      return await this.gateway.drain();
    } finally {
      await this.backends.stop();
    }
  }

  async stop(): Promise<void> {
    await Promise.all([this.gateway.stop(), this.backends.stop()]);
  }
}

function startGateway(kind: GatewayKind, options: SideOptions, { ports }: Backends): Promise<GatewayProcess> {
  return GatewayProcess.start(kind, { backends: ports, ...options });
}
