import { Agent, get } from "node:http";
import { machineTime } from "./messages.ts";
import { type ByMember, byMember, type Member, members } from "./plan.ts";
import type { Answer, Ending } from "./record.ts";

/** A client that has no answer by then leaves: ms. */
const patience = 2_000;
const tickMs = 5;
/** Who was held up for longer than this does not make up for it: ms. */
const mostHeldUp = 100;

/** Asks each gateway so many times a second, whatever comes back. */
export class FleetLoad {
  readonly answers: Answer[] = [];
  private readonly ports: ByMember<number>;
  private readonly agent = new Agent({ keepAlive: true });
  private readonly pending = new Set<Promise<void>>();
  private readonly due: Record<Member, number> = { ...byMember(() => 0) };
  private perSecond: ByMember<number> = byMember(() => 0);
  private readonly timer: NodeJS.Timeout;

  constructor(ports: ByMember<number>) {
    this.ports = ports;
    this.timer = setInterval(() => this.tick(), tickMs);
  }

  set(perSecond: ByMember<number>): void {
    this.perSecond = perSecond;
    const now = machineTime();
    for (const member of members) this.due[member] = now;
  }

  /** Asks nobody any more; kept when all have their answers. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    await Promise.all(this.pending);
    this.agent.destroy();
  }

  private tick(): void {
    const now = machineTime();
    for (const member of members) {
      const rate = this.perSecond[member];
      if (rate === 0) continue;
      if (now - this.due[member] > mostHeldUp) this.due[member] = now;
      for (; this.due[member] <= now; this.due[member] += 1_000 / rate) this.ask(member);
    }
  }

  private ask(from: Member): void {
    const asked = machineTime();
    const asking = this.ending(from).then((ending) => {
      this.answers.push({ from, asked, took: machineTime() - asked, ending });
      this.pending.delete(asking);
    });
    this.pending.add(asking);
  }

  private ending(from: Member): Promise<Ending> {
    return new Promise((resolve) => {
      const sent = get(
        { agent: this.agent, host: "127.0.0.1", port: this.ports[from], path: "/", timeout: patience },
        (response) => {
          const ending = endings.get(response.statusCode) ?? "failed";
          response.on("end", () => resolve(ending)).on("error", () => resolve("failed"));
          response.resume();
        },
      );
      sent.on("timeout", () => sent.destroy());
      sent.on("close", () => resolve("failed"));
      sent.on("error", () => resolve("failed"));
    });
  }
}

const endings: ReadonlyMap<number | undefined, Ending> = new Map([
  [200, "answered"],
  [429, "refused"],
]);
