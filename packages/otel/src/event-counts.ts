import { events, type LayerEvent } from "@sluice/core";
import { dispose } from "@sluice/core/kit";
import type { Attributes } from "./metric-data.ts";
import { Series } from "./series.ts";

/** How many differing kinds of events are counted; further ones are `_OTHER`. */
const most = 500;

/** The member of an event that says why it came, by the type of the event. */
const reasonIn: Readonly<Record<string, string>> = {
  shed: "by",
  "retry-denied": "reason",
  timeout: "phase",
  state: "to",
  limit: "reason",
  order: "rule",
};

/** Counts what layers announce, from now until it is disposed of. */
export class EventCounts {
  readonly series: Series<number> = new Series((counted, more) => counted + more);
  private readonly subscription: Disposable;

  constructor() {
    this.subscription = events.subscribe((event) => {
      this.series.add(this.series.size < most ? attributesOf(event) : this.known(event), 1);
    });
  }

  dispose(): void {
    this.subscription[dispose]();
  }

  private known(event: LayerEvent): Attributes {
    const attributes = attributesOf(event);
    return this.series.has(attributes) ? attributes : { "sluice.event.type": "_OTHER" };
  }
}

function attributesOf(event: LayerEvent): Attributes {
  const reason = reasonOf(event);
  return {
    "sluice.event.type": event.type,
    "sluice.layer": event.layer,
    ...(typeof reason === "string" ? { "sluice.reason": reason } : {}),
  };
}

function reasonOf(event: LayerEvent): unknown {
  // Work that was abandoned is announced twice: when it is, and when it has settled.
  if (event.type === "abandoned") return event["settled"] === true ? "settled" : undefined;
  return Object.hasOwn(reasonIn, event.type) ? event[reasonIn[event.type]!] : undefined;
}
