/** The routes of the gateway. Each has a backend of its own. */
export const routes = ["quote", "report", "fares", "hash"] as const;

export type RouteName = (typeof routes)[number];

/** What each route depends on, in the words of the report. */
export const backendOf: Readonly<Record<RouteName, string>> = {
  quote: "quick",
  report: "slow",
  fares: "flaky",
  hash: "cpu",
};

/** Something for each route. */
export type ByRoute<T> = Readonly<Record<RouteName, T>>;

export function isRoute(name: string): name is RouteName {
  return (routes as readonly string[]).includes(name);
}

/** Asks `make` once for each route. */
export function byRoute<T>(make: (route: RouteName) => T): ByRoute<T> {
  return Object.fromEntries(routes.map((route) => [route, make(route)])) as Record<RouteName, T>;
}
