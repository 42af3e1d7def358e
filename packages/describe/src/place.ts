import { type AnyService, partsOf, type Trait } from "@sluice/core";
import { show } from "@sluice/core/kit";
import { factsOf, factsWithLine, labelOf, lineOf, numbersOf, traitsOf } from "./said-of-itself.ts";
import type { StackNode } from "./stack-node.ts";

/** A node where it stands: with what is around it, and what is inside. */
export class Place {
  readonly node: StackNode;
  /** What is directly around it. */
  readonly outside: Place | undefined;
  /** What is directly inside it. */
  readonly inside: readonly Place[];
  /** Whether it may have no room, as far as it says nothing else of itself: it holds something for its callers, or nothing is known of it. */
  readonly mayHold: boolean;
  private readonly service: AnyService;
  private readonly id: string;

  constructor(service: AnyService, id = "n", outside?: Place) {
    this.service = service;
    this.id = id;
    this.outside = outside;
    const parts = partsOf(service);
    const again = this.around().find((place) => place.service === service);
    if (parts === undefined || again !== undefined) {
      const facts = again === undefined ? {} : { "same as": again.id };
      this.node = { id, layer: "service", traits: [], facts, numbers: {} };
      this.inside = [];
      this.mayHold = again === undefined;
    } else if ("layer" in parts) {
      const { layer, inner } = parts;
      const { about } = layer;
      const within = new Place(inner, `${id}i`, this);
      this.inside = [within];
      const line = lineOf(layer);
      const said = {
        label: labelOf(about),
        traits: traitsOf(about),
        facts: factsWithLine(about, line),
        numbers: numbersOf(layer, line),
      };
      this.node = { id, layer: layer.name, ...said, inner: within.node };
      // What a layer that only looks on holds are its counts.
      this.mayHold = layer.state !== undefined && !this.has("observes");
    } else {
      const { name, about, counting = service } = parts;
      const keyed = branchesOf(parts.branches).map(([key, branch], index) => ({
        key: typeof key === "string" ? key : show(key),
        place: new Place(branch, `${id}_${index}`, this),
      }));
      this.inside = keyed.map(({ place }) => place);
      const said = {
        label: labelOf(about),
        traits: traitsOf(about),
        facts: factsOf(about),
        numbers: numbersOf(counting, lineOf(counting)),
      };
      const branches = keyed.map(({ key, place }) => ({ key, node: place.node }));
      this.node = { id, layer: name, ...said, ...(branches.length > 0 ? { branches } : {}) };
      // A connection says nothing of itself. Endpoints that are not there have no room, and nothing is known of them.
      this.mayHold = !this.has(...(keyed.length > 0 ? said.traits : (["ready"] as const)));
    }
  }

  has(...traits: readonly Trait[]): boolean {
    return traits.some((trait) => this.node.traits.includes(trait));
  }

  /** What is around it, the nearest first. */
  around(): readonly Place[] {
    const around: Place[] = [];
    for (let place = this.outside; place !== undefined; place = place.outside) around.push(place);
    return around;
  }

  /** All that is inside it, however far; what is inside of one that `stop` names is left out. */
  *within(stop: (place: Place) => boolean = () => false): Generator<Place, void, undefined> {
    for (const place of this.inside) {
      yield place;
      if (!stop(place)) yield* place.within(stop);
    }
  }
}

/** None where they cannot be read: they are of somebody else's making. */
function branchesOf(
  branches: () => Iterable<readonly [key: unknown, service: AnyService]>,
): (readonly [key: unknown, service: AnyService])[] {
  try {
    return Array.from(branches(), ([key, service]) => [key, service] as const);
  } catch {
    return [];
  }
}
