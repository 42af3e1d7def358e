/** The gateways of the fleet. */
export const members = ["north", "south", "west"] as const;

export type Member = (typeof members)[number];

export type ByMember<T> = Readonly<Record<Member, T>>;

export function byMember<T>(of: (member: Member) => T): ByMember<T> {
  return Object.fromEntries(members.map((member) => [member, of(member)])) as ByMember<T>;
}

/** Who is killed. */
export const victim: Member = "west";

/** The limit that all of them share, as `sharedRateLimit` is told of it. Times are in ms. */
export const terms = { limit: 100, interval: 1_000, burst: 50, hold: 200, timeout: 200, outage: "share" } as const;

export const phaseNames = ["uneven", "crowded", "outage", "back", "killed"] as const;

export type PhaseName = (typeof phaseNames)[number];

/** What happens to the fleet when a phase begins. */
export type Event = "pause the store" | "resume the store" | "kill a gateway";

export interface Phase {
  readonly name: PhaseName;
  /** What happens, in a few words. */
  readonly title: string;
  readonly ms: number;
  /** How many requests a second each gateway gets. */
  readonly load: ByMember<number>;
  readonly event?: Event;
}

const uneven: ByMember<number> = { north: 80, south: 8, west: 8 };
const crowded = byMember(() => 60);
/** As a load balancer does that has noticed. */
const withoutVictim = byMember((member) => (member === victim ? 0 : 90));

/** A gateway finds out within a second that the store is back: no shorter than this, in s. */
const leastBack = 2;

/** The phases, one after the other. `scale` makes them shorter. */
export function fleetPlan(scale: number): readonly Phase[] {
  const phase = (name: PhaseName, title: string, seconds: number, load = crowded, event?: Event): Phase => ({
    name,
    title,
    ms: seconds * scale * 1_000,
    load,
    ...(event === undefined ? {} : { event }),
  });
  return [
    phase("uneven", `nearly all of the load is at ${members[0]}`, 5, uneven),
    phase("crowded", "each is asked for more than half of the limit", 5),
    phase("outage", "the same, and the store is paused", 6, crowded, "pause the store"),
    phase("back", "the same, and the store goes on", Math.max(5, leastBack / scale), crowded, "resume the store"),
    phase("killed", `${victim} is killed, its load goes to the others`, 6, withoutVictim, "kill a gateway"),
  ];
}
