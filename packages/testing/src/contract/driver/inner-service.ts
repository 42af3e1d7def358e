import { type AnyService, refuse, Semaphore } from "@sluice/core";
import { stackService } from "@sluice/core/internal";
import { show } from "@sluice/core/kit";
import type { Chronicle } from "./trace.ts";
import { ForeignService } from "./foreign-service.ts";
import { Mock } from "../../mock/mock.ts";
import type { MockRequest } from "../../mock/mock-handle.ts";
import { nameOf } from "./name-of.ts";
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
  /** What it was last asked for. */
  askedFor: unknown;
  /** Told when a reservation is given back, until it is over. */
  whenGivenBack: (() => void) | undefined;
  /** Whether readiness has failed: a layer that recovers from that holds nothing in here. */
  unready = false;
  private readonly ends: (() => void)[] = [];
  /** Not ready for one request, though it is for others. */
  private closed: { readonly to: unknown; readonly line: Semaphore } | undefined;
  private readonly subject: Subject;
  private readonly chronicle: Chronicle;

  /**
   * @param arrived told of each call, and of the request that it was reserved for
   * @param waitsForEver told when somebody is about to wait without a deadline
   */
  constructor(
    subject: Subject,
    chronicle: Chronicle,
    arrived: (arrival: Arrival, reservedFor: unknown) => void,
    waitsForEver: () => void,
  ) {
    this.subject = subject;
    this.chronicle = chronicle;
    this.mock = new Mock<unknown, unknown>({
      asked: (request) => {
        this.asked++;
        this.askedFor = request;
      },
      waits: ({ request, deadline }) => {
        if (request !== undefined && deadline === undefined) waitsForEver();
      },
      gaveBack: () => {
        this.whenGivenBack?.();
      },
      arrived: (call, reservedFor) => {
        const arrival = { call, number: this.arrivals.length };
        this.arrivals.push(arrival);
        arrived(arrival, reservedFor);
      },
      misused: (how) => {
        chronicle.broken("returnedOnce", `a reservation inside was ${how}, and it had been spent or given back before`);
      },
    });
  }

  /** The service as layers meet it. */
  service(foreign: boolean): AnyService {
    const { mock } = this;
    const ours = stackService({
      tryReserve: (request) => (this.isClosed(request) ? refuse("inside") : mock.tryReserve(request)),
      reserve: (options, granted, failed) => {
        if (!this.isClosed(options.request)) mock.reserve(options, granted, failed);
        else
          this.closed?.line.acquire(options).then(() => {
            mock.reserve(options, granted, failed);
          }, failed);
      },
    });
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
        try {
          waitUntil(work);
        } catch (error) {
          this.chronicle.broken("loseNothing", `waitUntil, called by itself, threw ${nameOf(error)}`);
        }
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

  /** Lets those who ask for this request wait, and no others, until it is given undefined. */
  closeTo(request: unknown): void {
    const { closed } = this;
    this.closed = request === undefined ? undefined : { to: request, line: new Semaphore(0) };
    this.does(request === undefined ? "ready for all" : `not ready for ${show(request)}`, () => {
      if (closed !== undefined) closed.line.max = Number.POSITIVE_INFINITY;
    });
  }

  private isClosed(request: unknown): boolean {
    return this.closed !== undefined && Object.is(this.closed.to, request);
  }

  /** Answers, ends and allows everything there is. */
  finish(): void {
    this.mock.failure = undefined;
    if (this.closed !== undefined) this.closeTo(undefined);
    if (this.mock.allowed !== Number.POSITIVE_INFINITY) this.allow(Number.POSITIVE_INFINITY);
    for (const arrival of this.inFlight) this.respond(arrival);
    while (this.works > 0) this.endWork(0);
  }

  private does(line: string, run: () => void): void {
    this.chronicle.did(`inside, ${line}`);
    this.subject.context.run(nobody, run);
  }
}
