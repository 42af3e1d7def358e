import type { AnyService, ApplyAll, AskedOf, Kind, Mismatch, Service } from "@sluice/core";

/** What the layers of a stack look at in requests, which are `Req` at least. */
export type AskedIn<Ks extends readonly Kind[], Req> = unknown extends AskedOf<Ks> ? Req : AskedOf<Ks> & Req;

/** A stack around a handler that raises nothing. */
export type Around<Ks extends readonly Kind[], Req, Res> = ApplyAll<Ks, Service<Req, Res, never>>;

/** `unknown` where a stack takes requests `Req` and gives responses `Res`; else what does not fit. */
export type FitsEdge<Outer, Req, Res> = [Outer] extends [Service<Req, Res, unknown>]
  ? unknown
  : [Outer] extends [AnyService]
    ? Mismatch<"an edge has requests and responses of its own, and this stack has others", Service<Req, Res>, Outer>
    : Outer;
