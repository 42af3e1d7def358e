import type { GatewaySays, GatewaySettings, GatewayTold } from "../gateway/gateway.ts";
import type { RouteName } from "../routes.ts";
import { Child } from "./child.ts";

/** Which of the two gateways. */
export type GatewayKind = "layered" | "plain";

const programs: Readonly<Record<GatewayKind, URL>> = {
  layered: new URL("../gateway/layered.ts", import.meta.url),
  plain: new URL("../gateway/plain.ts", import.meta.url),
};

const startWithin = 30_000;
/** Longer than the gateway itself takes to give up. */
const drainWithin = 20_000;

/** A gateway in a process of its own. */
export class GatewayProcess {
  readonly port: number;
  private readonly child: Child<GatewayTold, GatewaySays>;

  private constructor(child: Child<GatewayTold, GatewaySays>, port: number) {
    this.child = child;
    this.port = port;
  }

  static async start(kind: GatewayKind, settings: GatewaySettings): Promise<GatewayProcess> {
    const child = new Child<GatewayTold, GatewaySays>("the gateway", programs[kind], [JSON.stringify(settings)]);
    return new GatewayProcess(child, (await child.next("listening", startWithin)).port);
  }

  /** From now on a route lets so many in to its backend at once. */
  limit(route: RouteName, max: number): void {
    this.child.tell({ kind: "limit", route, max });
  }

  /** It answers what is in flight, refuses what is new, and ends. */
  async drain(): Promise<Extract<GatewaySays, { kind: "drained" }>> {
    const drained = this.child.next("drained", drainWithin);
    this.child.tell({ kind: "drain" });
    try {
      return await drained;
    } finally {
      await this.stop();
    }
  }

  stop(): Promise<void> {
    return this.child.kill();
  }
}
