import type { Tally } from "../load/tally.ts";
import { type Phase, secondsOf, type Plan } from "../plan.ts";
import { type ByRoute, type RouteName, routes } from "../routes.ts";
import type { Audience } from "../run.ts";
import type { Observer } from "./observer.ts";
import { latency } from "./run-table.ts";
import { bars, short, table } from "./table.ts";

/** Where lines are written, and whether that is a terminal. */
export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Shows a run while it goes on: in a terminal drawn anew in place, elsewhere a line a second. */
export function screen(output: Output, plan: Plan): Audience & { close(): void } {
  return output.isTTY === true ? terminal(output, plan) : lines(output);
}

function lines(output: Output): Audience & { close(): void } {
  let title = "";
  let phase: Phase | undefined;
  let began = 0;
  let told = 0;
  const say = (line: string) => output.write(`${line}\n`);
  return {
    say,
    enter(nextTitle, next) {
      [title, phase, began, told] = [nextTitle, next, performance.now(), 0];
      say(`${title}: ${next.name} (${next.title})`);
    },
    look(tallies, observer) {
      const second = Math.floor((performance.now() - began) / 1000);
      if (phase === undefined || second === told) return;
      told = second;
      const goodput = routes
        .map((route) => `${route} ${rate(tallies[route].good, began)}/${rate(tallies[route].offered, began)}`)
        .join("  ");
      say(`  ${title}  ${phase.name} ${second} s  goodput/offered a second: ${goodput}  ${gatewayLine(observer)}`);
    },
    close() {},
  };
}

function terminal(output: Output, plan: Plan): Audience & { close(): void } {
  const began = performance.now();
  const inAll = 2 * secondsOf(plan);
  let title = "";
  let phase: Phase | undefined;
  let phaseBegan = 0;
  let drawn = 0;
  const draw = (frame: readonly string[]) => {
    const width = output.columns ?? 80;
    const up = drawn > 0 ? `\u001B[${drawn}A\r\u001B[J` : "\u001B[?25l";
    // A line that wraps would be two to go up.
    output.write(`${up}${frame.map((line) => line.slice(0, width - 1)).join("\n")}\n`);
    drawn = frame.length;
  };
  const elapsed = () => `${short((performance.now() - began) / 1000)} s of about ${Math.round(inAll)}`;
  return {
    say: (line) => draw([line, elapsed()]),
    enter(nextTitle, next) {
      [title, phase, phaseBegan] = [nextTitle, next, performance.now()];
      draw([`${title}: ${next.name} (${next.title})`, elapsed()]);
    },
    look(tallies, observer) {
      if (phase === undefined) return;
      draw([
        `${title}: ${phase.name} (${phase.title})`,
        elapsed(),
        "",
        ...liveTable(tallies, observer, phase, phaseBegan),
        "",
        gatewayLine(observer),
      ]);
    },
    close() {
      output.write(`${drawn > 0 ? `\u001B[${drawn}A\r\u001B[J` : ""}\u001B[?25h`);
      drawn = 0;
    },
  };
}

function liveTable(tallies: ByRoute<Tally>, observer: Observer, { name }: Phase, began: number): string[] {
  const { latest } = observer;
  const { seen } = observer.phase(name);
  const tally = (route: RouteName) => tallies[route];
  const ofGateway = (key: "queued" | "permits" | "budget") => (route: RouteName) => {
    const value = latest?.routes[route][key];
    return value === undefined || value === null ? "-" : short(Math.floor(value));
  };
  return table<RouteName>(
    [
      { title: "route", left: true, cell: (route) => route },
      { title: "offered/s", cell: (route) => rate(tally(route).offered, began) },
      { title: "goodput/s", cell: (route) => rate(tally(route).good, began) },
      { title: "refused/s", cell: (route) => rate(tally(route).refused, began) },
      { title: "timed out/s", cell: (route) => rate(tally(route).timedOut, began) },
      { title: "p50", cell: (route) => latency(tally(route).latencies, 0.5) },
      { title: "p99", cell: (route) => latency(tally(route).latencies, 0.99) },
      { title: "queue", cell: ofGateway("queued") },
      { title: "permits", cell: ofGateway("permits") },
      { title: "retries/s", cell: (route) => rate(seen[route].retries, began) },
      { title: "budget", cell: ofGateway("budget") },
      {
        title: "answered",
        left: true,
        cell: (route) =>
          bars(
            tally(route)
              .slices.slice(0, -1)
              .map(({ offered, good }) => (offered === 0 ? 0 : good / offered)),
          ),
      },
    ],
    routes,
  );
}

/** So many since the phase began, a second. */
function rate(count: number, began: number): string {
  return short((count * 1000) / Math.max(1, performance.now() - began));
}

function gatewayLine({ latest }: Observer): string {
  if (latest === undefined) return "";
  const { rss, connections } = latest;
  const line = connections.waiting > 0 ? `, ${connections.waiting} wait for one` : "";
  return `gateway: ${Math.round(rss / 2 ** 20)} MB, ${connections.active} of ${connections.max} connections${line}`;
}
