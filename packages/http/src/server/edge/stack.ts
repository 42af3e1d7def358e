import type { AnyService, ApplyAll, AskedOf, Kind, Mismatch, Service } from "@sluice/core";

/** A builder without layers, as it is inferred where it is made in place. */
type OrNone<Ks extends readonly Kind[]> = [Ks] extends [never] ? [] : Ks;

/**
 * The requests of a stack: `Req`, or more than that where its layers look at more. `never` where they look at something else.
 */
export type AskedIn<Ks extends readonly Kind[], Req> = [Req] extends [AskedOf<OrNone<Ks>>]
  ? Req
  : [AskedOf<OrNone<Ks>>] extends [Req]
    ? AskedOf<OrNone<Ks>>
    : never;

/** A stack around a handler that raises nothing. */
export type Around<Ks extends readonly Kind[], Req, Res> = ApplyAll<OrNone<Ks>, Service<Req, Res, never>>;

/** `unknown` where a stack takes requests `Req` and gives responses `Res`; else what does not fit. */
export type FitsEdge<Outer, Req, Res> = [Req] extends [never]
  ? Mismatch<"an edge has requests of its own, and this stack looks at others", Req, Outer>
  : [Outer] extends [Service<Req, Res, unknown>]
    ? unknown
    : [Outer] extends [AnyService]
      ? Mismatch<"an edge has requests and responses of its own, and this stack has others", Service<Req, Res>, Outer>
      : Outer;
