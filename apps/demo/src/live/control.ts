import { adaptiveRoute } from "../plan.ts";
import { isRoute, type RouteName } from "../routes.ts";
import type { Conditions } from "./conditions.ts";
import type { Live } from "./live.ts";
import { most } from "./load-levels.ts";

/** As many as the gateway has connections. */
const mostAtOnce = 64;
const ofRoute = [
  "?factor=<times> (above 0, at most 100)",
  "?freeze=<ms> (above 0, at most 60000)",
  `?max=<how many at once> (1 to ${mostAtOnce}; not of ${adaptiveRoute}, whose limit adapts)`,
  "?kill or ?restart",
];
const usage = {
  route: `POST /<route>${ofRoute.join(", ")}`,
  load: `POST /load?times=<0 to ${most}>`,
  greedy: "POST /greedy?on or ?off",
  important: "POST /important?on or ?off",
  anew: "POST /anew",
} as const;

export interface Done {
  readonly status: number;
  readonly text: string;
}

const done = (text: string): Done => ({ status: 200, text });

/** Does what a button of the live page asks for, or curl: `what` is the path, without its slash. */
export async function control(live: Live, conditions: Conditions, what: string, asked: URLSearchParams): Promise<Done> {
  switch (what) {
    case "load": {
      const times = numberOf(asked, "times");
      if (!(times >= 0 && times <= most)) return { status: 400, text: usage.load };
      live.offer({ times });
      return done(`${times} times what the backends can do, while somebody watches`);
    }
    case "greedy":
    case "important": {
      const [on, off] = [asked.has("on"), asked.has("off")];
      if (on === off) return { status: 400, text: usage[what] };
      live.offer({ [what]: on });
      return done(`${what}: ${on ? "on" : "off"}`);
    }
    case "anew":
      await live.startAnew();
      return done("started anew");
    default:
      return isRoute(what)
        ? controlRoute(live, conditions, what, asked)
        : { status: 404, text: Object.values(usage).join("\n") };
  }
}

async function controlRoute(
  live: Live,
  conditions: Conditions,
  route: RouteName,
  asked: URLSearchParams,
): Promise<Done> {
  const [factor, freeze, max] = [numberOf(asked, "factor"), numberOf(asked, "freeze"), numberOf(asked, "max")];
  if (asked.has("restart")) {
    await conditions.restart(route);
    return done("started anew");
  }
  if (asked.has("kill")) {
    await conditions.set(route, { kind: "killed" });
    return done("killed");
  }
  if (freeze > 0 && freeze <= 60_000) {
    await conditions.set(route, { kind: "silent", ms: freeze });
    return done(`silent for ${freeze} ms`);
  }
  if (factor > 0 && factor <= 100) {
    await conditions.set(route, factor === 1 ? { kind: "up" } : { kind: "slow", factor });
    return done(`${factor} times as long`);
  }
  if (Number.isInteger(max) && max >= 1 && max <= mostAtOnce && route !== adaptiveRoute) {
    if (live.limit(route, max)) return done(`${max} at once`);
    return { status: 409, text: "There is no gateway with layers yet: open the page first." };
  }
  return { status: 400, text: usage.route };
}

/** NaN where it is no number, or left out. */
function numberOf(asked: URLSearchParams, name: string): number {
  const text = asked.get(name) ?? "";
  return text.trim() === "" ? Number.NaN : Number(text);
}
