import type { AnyService, ApplyAll, AskedOf, Kind, Mismatch, Service } from "@sluice/core";

/** The kinds of a builder; none for a builder without layers, whose kinds are inferred as `never`. */
type OrNone<Ks extends readonly Kind[]> = [Ks] extends [never] ? [] : Ks;

/** The requests of a stack: `Req`, or a subtype where its layers need more. `never` where they need other requests. */
export type AskedIn<Ks extends readonly Kind[], Req> = [Req] extends [AskedOf<OrNone<Ks>>]
  ? Req
  : [AskedOf<OrNone<Ks>>] extends [Req]
    ? AskedOf<OrNone<Ks>>
    : never;

/** A stack around a handler without failures. */
export type Around<Ks extends readonly Kind[], Req, Res> = ApplyAll<OrNone<Ks>, Service<Req, Res, never>>;

/** `unknown` where a stack takes requests `Req` and returns responses `Res`; otherwise a type that names what does not fit. */
export type FitsEdge<Outer, Req, Res> = [Req] extends [never]
  ? Mismatch<"an edge has requests of its own, and this stack looks at others", Req, Outer>
  : [Outer] extends [Service<Req, Res, unknown>]
    ? unknown
    : [Outer] extends [AnyService]
      ? Mismatch<"an edge has requests and responses of its own, and this stack has others", Service<Req, Res>, Outer>
      : Outer;
