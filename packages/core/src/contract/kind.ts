import type { AnyService, FailureOf, RequestOf, ResponseOf, Service } from "./service.ts";

/**
 * What a layer does to a service's type: a function from `this["~inner"]` to `"~outer"`. The types of a stack are known
 * only once its innermost service is, so a layer carries its function along, and the builder applies them in turn.
 *
 * Write your own where none of the exported kinds fits:
 *
 * @example
 * interface Repeats extends Kind {
 *   readonly "~outer": Service<RequestOf<this["~inner"]>, ResponseOf<this["~inner"]>[], FailureOf<this["~inner"]>>;
 * }
 */
export interface Kind {
  /** The service inside. */
  readonly "~inner": unknown;
  /** The service outside, or a {@link Mismatch}. */
  readonly "~outer": unknown;
}

/** What comes out where a layer does not fit the service inside it. Nothing has this type. */
export interface Mismatch<Problem extends string, Asked, Given> {
  readonly "~mismatch": Problem;
  readonly asked: Asked;
  readonly given: Given;
}

/** The type of `S` inside a layer of kind `K`. */
export type Apply<K extends Kind, S> = (K & { readonly "~inner": S })["~outer"];

/** The same types outside as inside. With `Req`, for services whose requests are such. */
export interface Keeps<Req = unknown> extends Kind {
  readonly "~asks"?: Req;
  readonly "~outer": TakesOnly<Req, this["~inner"], this["~inner"]>;
}

/**
 * Also fails with `E`. With `Req`, for services whose requests are such, and with `Res`, whose responses are such: for a layer that looks at
 * them. `Name` is what a {@link Mismatch} calls it.
 */
export interface Adds<E, Req = unknown, Res = unknown, Name extends string = "a layer"> extends Kind {
  readonly "~asks"?: Req;
  readonly "~outer": TakesOnly<
    Req,
    this["~inner"],
    GivesOnly<
      Res,
      this["~inner"],
      Service<RequestOf<this["~inner"]>, ResponseOf<this["~inner"]>, FailureOf<this["~inner"]> | E>,
      Name
    >,
    Name
  >;
}

/** {@link Adds} `E`, or {@link Keeps} where that is `never`: for a layer that fails only with what a part of it fails with. */
export type MayAdd<E, Req = unknown> = [E] extends [never] ? Keeps<Req> : Adds<E, Req>;

/** Takes `A`, and asks the service inside with `B`. */
export interface MapsRequest<A, B> extends Kind {
  readonly "~asks"?: B;
  readonly "~outer": Mapped<A, B, this["~inner"]>;
}

type Mapped<A, B, Inner> = { readonly "~": B } extends { readonly "~": RequestOf<Inner> }
  ? Service<A, ResponseOf<Inner>, FailureOf<Inner>>
  : Mismatch<"a layer maps requests, and the service inside takes others", B, RequestOf<Inner>>;

/** Receives responses `A` from inside, and returns `B`. */
export interface MapsResponse<A, B> extends Kind {
  readonly "~outer": Where<
    ResponseOf<this["~inner"]>,
    A,
    Service<RequestOf<this["~inner"]>, B, FailureOf<this["~inner"]>>,
    "a layer maps responses, and the service inside gives others"
  >;
}

/** Turns the failures `A` of the service inside into `B`. */
export interface MapsFailure<A, B> extends Kind {
  readonly "~outer": Where<
    FailureOf<this["~inner"]>,
    A,
    Service<RequestOf<this["~inner"]>, ResponseOf<this["~inner"]>, B>,
    "a layer maps failures, and the service inside raises others"
  >;
}

/** Answers with `R` in the place of the failure `E`, and removes `E`. With `Req`, for services whose requests are such. */
export interface Recovers<E, R, Req = unknown> extends Kind {
  readonly "~asks"?: Req;
  readonly "~outer": TakesOnly<
    Req,
    this["~inner"],
    Service<RequestOf<this["~inner"]>, ResponseOf<this["~inner"]> | R, Exclude<FailureOf<this["~inner"]>, E>>,
    "a layer that recovers"
  >;
}

/** One of two layers: what goes for both. */
export interface EitherOf<A extends Kind, B extends Kind> extends Kind {
  readonly "~outer": Both<Apply<A, this["~inner"]>, Apply<B, this["~inner"]>>;
}

type Both<A, B> = [A] extends [AnyService]
  ? [B] extends [AnyService]
    ? [A, B] extends [B, A]
      ? A
      : Service<RequestOf<A> & RequestOf<B>, ResponseOf<A> | ResponseOf<B>, FailureOf<A> | FailureOf<B>>
    : B
  : A;

/**
 * `Outer` where the service `Inner` takes requests that are all a `Req`; else a {@link Mismatch}, which calls the layer `Name`. For
 * kinds of your own.
 */
export type TakesOnly<Req, Inner, Outer, Name extends string = "a layer"> = Where<
  RequestOf<Inner>,
  Req,
  Outer,
  `${Name} looks at requests, and the service inside takes others`
>;

/**
 * `Outer` where the service `Inner` gives responses that are all a `Res`; else a {@link Mismatch}, which calls the layer `Name`. For
 * kinds of your own.
 */
export type GivesOnly<Res, Inner, Outer, Name extends string = "a layer"> = Where<
  ResponseOf<Inner>,
  Res,
  Outer,
  `${Name} looks at responses, and the service inside gives others`
>;

/**
 * `Outer` where all that is `Given` is an `Asked`; else a {@link Mismatch}. Members of an object are compared at once, where TypeScript
 * puts off what it says of a type parameter by itself: so a generic function, which does not know what is given, can build a stack of
 * layers that take anything, or its very type parameters.
 */
type Where<Given, Asked, Outer, Problem extends string> = { readonly "~": Given } extends { readonly "~": Asked }
  ? Outer
  : Mismatch<Problem, Asked, Given>;

/** The type of `S` inside layers of the kinds `Ks`, outermost first: their {@link Apply}, innermost first. */
export type ApplyAll<Ks extends readonly Kind[], S> = Ks extends readonly [
  ...infer Outer extends readonly Kind[],
  infer Innermost extends Kind,
]
  ? ApplyNext<Outer, Apply<Innermost, S>>
  : S;

type ApplyNext<Ks extends readonly Kind[], S> = [S] extends [AnyService] ? ApplyAll<Ks, S> : S;

/** What the service inside layers of the kinds `Ks` is asked with, as far as they say: so a handler needs no annotation. */
export type AskedOf<Ks extends readonly Kind[]> = Ks extends readonly [
  ...infer Outer extends readonly Kind[],
  infer Innermost,
]
  ? Innermost extends { readonly "~asks"?: infer Req }
    ? unknown extends Req
      ? AskedOf<Outer>
      : Req
    : AskedOf<Outer>
  : unknown;

/** `unknown` where the stack fits, so that `S & Fits<…>` is `S`; else what does not. */
export type Fits<Outermost> = [Outermost] extends [AnyService] ? unknown : Outermost;
