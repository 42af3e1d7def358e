import type { AnyService } from "@sluice/core";
import { show, stackService } from "@sluice/core/internal";
import type { Chronicle } from "./chronicle.ts";
import { ForeignService } from "./foreign-service.ts";
import { Mock } from "../mock.ts";
import type { MockRequest } from "../mock-handle.ts";
import type { Subject } from "./subject.ts";

/** A call that reached the service inside. */
export interface Arrival {
  readonly call: MockRequest<unknown, unknown>;
  readonly number: number;
}

/** Nobody's errand: what is done by the service inside, or by time, and not by a caller. */
export const nobody = -1;

/** The service inside the layer, and what it does. */
export class Inside {
  readonly mock: Mock<unknown, unknown>;
  /** Calls that arrived. */
  readonly arrivals: Arrival[] = [];
  /** How often readiness was asked for. */
  asked = 0;
  /** Whether readiness has failed: a layer that recovers from that holds nothing in here. */
  unready = false;
  private readonly ends: (() => void)[] = [];
  private readonly subject: Subject;
  private readonly chronicle: Chronicle;

  /** @param arrived told of each call, and of the request that it was reserved for */
  constructor(subject: Subject, chronicle: Chronicle, arrived: (arrival: Arrival, reservedFor: unknown) => void) {
    this.subject = subject;
    this.chronicle = chronicle;
    this.mock = new Mock<unknown, unknown>({
      asked: () => {
        this.asked++;
      },
      arrived: (call, reservedFor) => {
        const arrival = { call, number: this.arrivals.length };
        this.arrivals.push(arrival);
        arrived(arrival, reservedFor);
      },
      misused: (how) => {
        chronicle.broken(3, `a reservation inside was ${how}, and it had been spent or given back before`);
      },
    });
  }

  /** The service as layers meet it. */
  service(foreign: boolean): AnyService {
    const ours = stackService(this.mock);
    return foreign ? new ForeignService(ours) : ours;
  }

  /** Calls that nobody has answered. */
  get inFlight(): readonly Arrival[] {
    return this.arrivals.filter(({ call }) => !call.answered);
  }

  /** Works that were handed up and go on. */
  get works(): number {
    return this.ends.length;
  }

  respond({ call, number }: Arrival): void {
    const { responses } = this.subject;
    const response = responses[number % responses.length];
    this.does(`call ${number} is answered: ${show(response)}`, () => {
      call.respond(response);
    });
  }

  fail({ call, number }: Arrival): void {
    this.does(`call ${number} fails`, () => {
      call.fail(new Error(`failure of call ${number}`));
    });
  }

  /** Answers, and goes on with work that is handed up. */
  handUp(arrival: Arrival): void {
    const { waitUntil } = arrival.call.options;
    if (waitUntil !== undefined) {
      const work = new Promise<void>((resolve) => {
        this.ends.push(resolve);
      });
      this.does(`call ${arrival.number} hands work up`, () => {
        waitUntil(work);
      });
    }
    this.respond(arrival);
  }

  /** Work that was handed up comes to its end. There must be some. */
  endWork(index: number): void {
    const [end] = this.ends.splice(index, 1);
    this.does("work that was handed up ends", () => end?.());
  }

  allow(count: number): void {
    this.does(`allow(${count})`, () => {
      this.mock.allow(count);
    });
  }

  failReadiness(): void {
    this.unready = true;
    this.does("readiness fails", () => {
      this.mock.sendFailure(new Error("readiness failed"));
    });
  }

  /** Answers, ends and allows everything there is. */
  finish(): void {
    this.mock.failure = undefined;
    if (this.mock.allowed !== Number.POSITIVE_INFINITY) this.allow(Number.POSITIVE_INFINITY);
    for (const arrival of this.inFlight) this.respond(arrival);
    while (this.works > 0) this.endWork(0);
  }

  private does(line: string, run: () => void): void {
    this.chronicle.did(`inside, ${line}`);
    this.subject.context.run(nobody, run);
  }
}
