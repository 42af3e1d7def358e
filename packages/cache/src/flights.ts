import { type CallOptions, type Clock, events } from "@sluice/core";
import { ask, type Asker, type Behaviour, handUp, nothing, Reservation, type Stack } from "@sluice/core/internal";
import { abortReason, isTimeout, timeOf, timerTolerance } from "@sluice/core/kit";
import { exchange, type Owner } from "./exchange.ts";
import { type Airport, Flight } from "./flight.ts";
import { type KeyOf, sameKey } from "./key.ts";
import { type Passage, ride } from "./ride.ts";
import { Waiters } from "./waiters.ts";

/** What a layer counts, for all the services that it wraps, and how its events and refusals name it. */
export interface FlightCounts extends Owner {
  inFlight: number;
  joined: number;
}

/** What was reserved inside, and for which request. */
interface Held {
  readonly request: unknown;
  readonly key: unknown;
}

/** Of a caller who takes the answer as it is. */
const asItIs: Passage = {};

/** A seat in a flight, and for which request it was reserved. */
interface Seat {
  readonly request: unknown;
  readonly flight: Flight;
}

/**
 * The service inside with single flight around it. While a key's call is in flight, a reservation for it holds nothing inside: it is a
 * seat. Each service has flights of its own, so that none answers for another.
 */
export class Flights implements Stack, Airport {
  readonly tryReserve: Stack["tryReserve"];
  readonly reserve: Stack["reserve"];
  private readonly inner: Stack;
  private readonly keyOf: KeyOf;
  private readonly clock: Clock;
  private readonly counts: FlightCounts;
  private readonly byKey: Map<unknown, Flight> = new Map();
  private readonly waiters: Waiters = new Waiters();
  private readonly held: Behaviour<Held>;
  private readonly seat: Behaviour<Seat>;

  constructor(inner: Stack, keyOf: KeyOf, clock: Clock, counts: FlightCounts) {
    this.inner = inner;
    this.keyOf = keyOf;
    this.clock = clock;
    this.counts = counts;
    this.held = {
      start: (reservation, request, options, edge) => this.startHeld(reservation, request, options, edge),
      cancel({ inner: reserved }) {
        reserved.cancel();
      },
    };
    this.seat = {
      start: ({ state }, request, options, edge) => this.startSeat(state, request, options, edge),
      cancel({ state }) {
        state.flight.leave();
      },
    };
    this.tryReserve = (request) => {
      const key = request === undefined ? undefined : this.keyOf(request);
      const flight = key === undefined ? undefined : this.byKey.get(key);
      if (flight !== undefined) return this.seatIn(flight, request);
      const reservation = this.inner.tryReserve(request);
      return reservation && this.hold(reservation, request, key);
    };
    this.reserve = (asker) => {
      this.reserveFor(asker);
    };
  }

  /** Whether a call for this key is in flight. */
  has(key: unknown): boolean {
    return this.byKey.has(key);
  }

  /** What is in flight for this key answers those who ride it, and nobody who comes from now on. */
  detach(key: unknown): void {
    const flight = this.byKey.get(key);
    if (flight !== undefined) this.left(flight);
  }

  left(flight: Flight): void {
    if (this.byKey.get(flight.key) !== flight) return;
    this.byKey.delete(flight.key);
    this.counts.inFlight--;
  }

  private hold(inner: Reservation, request: unknown, key: unknown): Reservation {
    const state: Held = { request, key };
    return new Reservation<any>(this.held, state, inner);
  }

  private seatIn(flight: Flight, request: unknown): Reservation {
    flight.take();
    return this.seated(flight, request);
  }

  private seated(flight: Flight, request: unknown): Reservation {
    const state: Seat = { request, flight };
    return new Reservation<any>(this.seat, state, nothing);
  }

  private reserveFor(asker: Asker): void {
    const { request, signal, deadline } = asker;
    let key: unknown;
    try {
      key = request === undefined ? undefined : this.keyOf(request);
    } catch (error) {
      asker.failed(error);
      return;
    }
    if (signal?.aborted) {
      // The key is somebody else's function, and may have done that.
      asker.failed(abortReason(signal));
      return;
    }
    const failed = (reason: unknown): void => asker.failed(reason);
    if (key === undefined) {
      ask(this.inner, asker, (reservation) => asker.granted(this.hold(reservation, request, key)), failed);
      return;
    }
    const flight = this.byKey.get(key);
    if (flight !== undefined) {
      asker.granted(this.seatIn(flight, request));
      return;
    }
    const waiter = this.waiters.join(key, asker);
    /** It has a seat by now, unless the caller has left since. */
    const sit = (boarded: Flight): void => {
      if (!signal?.aborted) {
        asker.granted(this.seated(boarded, request));
        return;
      }
      const reason = abortReason(signal);
      boarded.abort(reason);
      asker.failed(reason);
    };
    ask(
      this.inner,
      { request, signal: waiter.signal, deadline },
      (reservation) => {
        this.waiters.part(key, waiter);
        if (waiter.flight === undefined && !signal?.aborted) asker.granted(this.hold(reservation, request, key));
        else {
          reservation.cancel();
          if (waiter.flight !== undefined) sit(waiter.flight);
          else asker.failed(abortReason(signal!));
        }
      },
      (reason) => {
        this.waiters.part(key, waiter);
        if (waiter.flight === undefined) asker.failed(reason);
        else sit(waiter.flight);
      },
    );
  }

  private startHeld(
    { state, inner }: Reservation<Held>,
    request: unknown,
    options: CallOptions,
    edge: boolean,
  ): Promise<unknown> {
    // A blind reservation has no key yet, nor has one that is spent on another request.
    const same = state.request !== undefined && Object.is(state.request, request);
    const key = same ? state.key : this.keyOf(request);
    if (key === undefined) return inner.start(request, options, edge);
    const flight = this.byKey.get(key);
    if (flight === undefined) return this.begin(key, inner, request, options, edge);
    flight.take();
    inner.cancel();
    return this.board(flight, request, options, edge);
  }

  private startSeat(
    { flight, request: reservedFor }: Seat,
    request: unknown,
    options: CallOptions,
    edge: boolean,
  ): Promise<unknown> {
    if (Object.is(reservedFor, request) || sameKey(this.keyOf(request), flight.key)) {
      return this.board(flight, request, options, edge);
    }
    flight.leave();
    return exchange(this.counts, this, request, options, edge);
  }

  /** The first call for a key. Its limits outside hold for the work, which runs in its async context. */
  private begin(
    key: unknown,
    inner: Reservation,
    request: unknown,
    options: CallOptions,
    edge: boolean,
  ): Promise<unknown> {
    const { signal, deadline } = options;
    const controller = signal && new AbortController();
    const flight = new Flight(this, key, deadline, controller);
    this.byKey.set(key, flight);
    this.counts.inFlight++;
    flight.start(inner.start(request, controller ? { ...options, signal: controller.signal } : options));
    this.waiters.board(flight);
    return ride(flight, signal, edge, {
      left: () => {
        handUp(options, flight.answer);
      },
    });
  }

  /** A further call: its place in the flight is taken already. */
  private board(flight: Flight, request: unknown, options: CallOptions, edge: boolean): Promise<unknown> {
    const { counts } = this;
    counts.joined++;
    if (events.listening) {
      events.emit({ type: "join", layer: counts.name, label: counts.label, source: counts, key: flight.key });
    }
    const { deadline: until } = flight;
    const { signal, deadline = Infinity } = options;
    const hasMoreTime = until !== undefined && deadline > until;
    return ride(flight, signal, edge, hasMoreTime ? this.outlasting(until, request, options) : asItIs);
  }

  /** For a caller who has more time than the first one: the flight may end with the other's deadline. */
  private outlasting(until: number, request: unknown, options: CallOptions): Passage {
    return {
      again: (reason) => {
        // A timeout at the deadline of a flight may come before it, by the clock.
        const early = isTimeout(reason) ? timerTolerance : 0;
        return timeOf(this.clock) >= until - early ? this.again(request, options) : undefined;
      },
    };
  }

  /** Calls once more, from readiness on: the first caller's deadline has ended the flight, and this one has more time. */
  private again(request: unknown, options: CallOptions): Promise<unknown> {
    const { signal, deadline } = options;
    return new Promise((resolve, reject) => {
      ask(
        this,
        { request, signal, deadline },
        (reservation) => {
          if (!signal?.aborted) resolve(reservation.start(request, options));
          else {
            reservation.cancel();
            reject(abortReason(signal));
          }
        },
        reject,
      );
    });
  }
}
