import {
  adaptiveInitial,
  adaptiveRoute,
  deadRoute,
  greedyRoute,
  greedyTimes,
  priorityRoute,
  slowFactor,
  slowRoute,
  spikeTimes,
} from "../plan.ts";
import { type ByRoute, type RouteName, routes } from "../routes.ts";
import { type Findings, findingsOf, phaseOf } from "./findings.ts";
import type { RunResult } from "./run-result.ts";
import { percent, short, table } from "./table.ts";

/** Goodput by phase and route, both runs side by side. */
export function sideBySide(layered: RunResult, plain: RunResult): string[] {
  const rows = layered.phases.flatMap((phase, index) => {
    const other = plain.phases[index]!;
    return routes.map((route) => ({
      phase: route === routes[0] ? phase.name : "",
      route,
      offered: phase.tallies[route].offered / phase.seconds,
      goodput: [phase, other].map(({ tallies, seconds }) => tallies[route].good / seconds),
      capacity: phase.name === "spike" ? [layered.capacity[route], plain.capacity[route]] : [],
      memory: route === routes[0] ? [phase, other].map(({ memory }) => `${Math.round(memory / 2 ** 20)} MB`) : ["", ""],
    }));
  });
  type Row = (typeof rows)[number];
  const ofRun = (name: string, index: 0 | 1) => [
    { title: name, cell: ({ goodput }: Row) => short(goodput[index]!) },
    {
      title: "of capacity",
      cell: ({ goodput, capacity }: Row) => (capacity.length > 0 ? percent(goodput[index]! / capacity[index]!) : ""),
    },
    { title: "memory", cell: ({ memory }: Row) => memory[index]! },
  ];
  return table(
    [
      { title: "phase", left: true, cell: ({ phase }) => phase },
      { title: "route", left: true, cell: ({ route }) => route },
      { title: "offered", cell: ({ offered }) => short(offered) },
      ...ofRun("goodput with", 0),
      ...ofRun("goodput without", 1),
    ],
    rows,
  );
}

/** What was seen, in words that follow from the figures. */
export function inWords(layered: RunResult, plain: RunResult): string[] {
  const both = [findingsOf(layered), findingsOf(plain)] as const;
  const compare = (say: (findings: Findings) => string) => [
    `  with layers  ${say(both[0])}`,
    `  without      ${say(both[1])}`,
  ];
  const watched = phaseOf(layered, "after").seconds;
  const beside = (disturbed: RouteName) => routes.filter((route) => route !== disturbed);
  return [
    `The spike asked of each route ${spikeTimes} times what its backend could do (in the first run). Goodput, as a share of`,
    "the capacity measured just before it:",
    ...compare(({ spike }) => shares(routes, spike)),
    "Then the load was as usual again. How long until nine in ten were answered in time, and went on to be:",
    ...compare(({ recovered }) => routes.map((route) => `${route} ${recovery(recovered[route], watched)}`).join(", ")),
    `The backend of ${slowRoute} took ${slowFactor} times as long. Of what the other routes were asked, there was answered in time:`,
    ...compare(({ slow }) => shares(beside(slowRoute), slow)),
    `The backend of ${deadRoute} fell silent. Of what the other routes were asked, there was answered in time:`,
    ...compare(({ dead }) => shares(beside(deadRoute), dead)),
    "",
    "What single layers brought:",
    `priorities (${priorityRoute}, spike). Answered in time:`,
    ...compare(
      ({ important, unimportant }) => `${percent(important)} of the important, ${percent(unimportant)} of the others`,
    ),
    `a limit for each client (${greedyRoute}). One client alone asked for ${greedyTimes} times what the backend can do. Answered in time:`,
    ...compare(
      ({ besideTheGreedy, greedy }) =>
        `${percent(besideTheGreedy)} of the other clients' requests, ${greedy.good} of its own ${greedy.offered}`,
    ),
    `an adaptive limit (${adaptiveRoute}, spike). Nobody told it what the backend can do:`,
    ...compare(({ limit, spike }) => adapted(limit, spike[adaptiveRoute])),
    `a breaker and a fallback (${deadRoute}, silent). An estimate is no goodput:`,
    ...compare(({ beforeTheDead }) => besideSilence(beforeTheDead)),
    "",
    "Memory of the gateway, at most:",
    ...compare(({ memory }) => `${Math.round(memory / 2 ** 20)} MB`),
    "In the spike the load generator itself was held up, at most (much says that the machine was too busy for figures):",
    ...compare(({ heldUp }) => `${short(heldUp)} ms`),
    "",
    ...verdict(...both),
  ];
}

/** What the demo is there to show, and whether it was seen this time. */
function verdict(withLayers: Findings, without: Findings): string[] {
  const claim = (seen: boolean, text: string) => `${seen ? "seen    " : "NOT SEEN"}  ${text}`;
  return [
    claim(keptUp(withLayers), "with layers, goodput in the spike was 90 % of the capacity or more, on every route"),
    claim(!keptUp(without), "without, it was not"),
    claim(
      stoodBeside(withLayers),
      "with layers, a dead dependency took no other route down: 90 % or more was answered",
    ),
    claim(!stoodBeside(without), "without, it did"),
    claim(
      withLayers.important >= 0.99,
      "with layers, 99 % of the important requests in the spike were answered in time",
    ),
    claim(
      withLayers.besideTheGreedy >= 0.9,
      "with layers, a greedy client took nothing from the others: 90 % or more was answered",
    ),
  ];
}

export function keptUp({ spike }: Findings): boolean {
  return routes.every((route) => spike[route] >= 0.9);
}

export function stoodBeside({ dead }: Findings): boolean {
  return routes.every((route) => route === deadRoute || dead[route] >= 0.9);
}

function adapted(limit: number | null, goodput: number): string {
  const result = `goodput was ${percent(goodput)} of the capacity`;
  return limit === null
    ? `no limit; ${result}`
    : `it began with ${adaptiveInitial} at once, and ended with ${limit}; ${result}`;
}

function besideSilence({
  offered,
  good,
  estimated,
  timedOut,
  circuitOpened,
  circuitRefused,
}: Findings["beforeTheDead"]): string {
  const ends = `of ${offered}, ${good} were answered, ${timedOut} timed out, ${estimated} had an estimate`;
  const circuit = circuitOpened === 1 ? "opened once" : `opened ${circuitOpened} times`;
  return circuitOpened === 0 ? ends : `${ends}; the circuit ${circuit}, and refused ${circuitRefused} attempts`;
}

function shares(names: readonly RouteName[], all: ByRoute<number>): string {
  return names.map((route) => `${route} ${percent(all[route])}`).join(", ");
}

function recovery(after: number | undefined, seconds: number): string {
  if (after === undefined) return `not within ${short(seconds)} s`;
  return after === 0 ? "at once" : `${short(after)} s`;
}
