import { type Column, short, table } from "../report/table.ts";
import { type FleetFindings, mostAllowed, mostAllowedIn, type PhaseSeen, type Range } from "./findings.ts";
import { type ByMember, members, type PhaseName, terms, victim } from "./plan.ts";

const columns: readonly Column<PhaseSeen>[] = [
  { title: "phase", left: true, cell: ({ phase }) => phase.name },
  { title: "asked", cell: ({ asked }) => short(asked) },
  { title: "backend", cell: ({ started }) => short(sum(started)) },
  ...members.map((member): Column<PhaseSeen> => ({
    title: member,
    cell: ({ started }) => short(started[member]),
  })),
  { title: "refused", cell: ({ refused }) => short(refused) },
  { title: "failed", cell: ({ failed }) => String(failed) },
  { title: "slowest", cell: ({ slowest }) => `${slowest.toFixed(0)} ms` },
  { title: "most in 1 s", cell: ({ most }) => String(most) },
];

/** What was seen, in a table and in words. The words say these figures and nothing else. */
export function fleetWords(findings: FleetFindings): string[] {
  return [
    ...table(columns, findings.phases),
    "",
    "asked, backend, the gateways and refused are requests a second: what clients asked, what came to the backend, what of it each",
    "gateway sent, and what was answered with 429 and Retry-After. slowest is the slowest answer.",
    "",
    ...limitWords(findings),
    ...unevenWords(findings),
    ...outageWords(findings),
    ...killWords(findings),
    ...busyWords(findings),
  ];
}

function limitWords({ most, phases }: FleetFindings): string[] {
  const { usual, outage, back } = mostAllowed;
  const beyond = phases.filter((seen) => seen.most > mostAllowedIn(seen.phase.name)).map(({ phase }) => phase.name);
  return [
    `The limit: the backend got ${most} requests at most in a second. Allowed are ${usual}: a burst of ${terms.burst}, and ${terms.limit} a second.`,
    `  (While an outage begins ${outage}, for nobody knows of it yet; while it ends ${back}, for not all know at once.)`,
    ...(beyond.length > 0 ? [`  THERE WERE MORE THAN IT ALLOWS: ${beyond.join(", ")}.`] : []),
  ];
}

function unevenWords({ phases }: FleetFindings): string[] {
  const { started } = phaseSeen(phases, "uneven");
  const part = terms.limit / members.length;
  return [
    `Uneven load: ${members[0]} sent ${short(started[members[0]])} a second. With the limit divided by ${members.length}, it could have sent ${short(part)}.`,
  ];
}

function outageWords({ phases, noticedDown, noticedUp }: FleetFindings): string[] {
  const { started, failed, slowest } = phaseSeen(phases, "outage");
  const each = members.map((member) => `${member} ${short(started[member])}`).join(", ");
  return [
    `Outage: the store was paused, ${noticedWords(noticedDown)}, and each went on with its part of the limit`,
    `  (${each}; together ${short(sum(started))} a second). ${count(failed)} failed, and the slowest answer took ${slowest.toFixed(0)} ms.`,
    `Its end: the store went on, ${noticedWords(noticedUp)}, and they shared the limit again (together ${short(sum(phaseSeen(phases, "back").started))} a second).`,
  ];
}

function killWords({ phases, cutOff }: FleetFindings): string[] {
  const before = phaseSeen(phases, "back").started;
  const { started } = phaseSeen(phases, "killed");
  const others = members.filter((member) => member !== victim);
  const each = others.map((member) => `${member} ${short(started[member])}`).join(", ");
  return [
    `A death: ${victim} was killed, which had sent ${short(before[victim])} a second. The others took over its part, and nobody had to tell them`,
    `  (${each}; together ${short(sum(started))} a second). ${count(cutOff)} had no answer: those in ${victim}, or on their way to it.`,
  ];
}

function busyWords({ falseAlarms }: FleetFindings): string[] {
  if (falseAlarms === 0) return [];
  return [
    `Besides, gateways took the store for down ${falseAlarms} times while nobody had paused it: this machine had other work. Each may let in some more.`,
  ];
}

function phaseSeen(phases: readonly PhaseSeen[], name: PhaseName): PhaseSeen {
  return phases.find(({ phase }) => phase.name === name)!;
}

function sum(rates: ByMember<number>): number {
  return members.reduce((all, member) => all + rates[member], 0);
}

function noticedWords(range: Range | undefined): string {
  if (range === undefined) return "NOT ALL GATEWAYS NOTICED IT";
  return `the gateways noticed after ${range[0].toFixed(0)} to ${range[1].toFixed(0)} ms`;
}

function count(requests: number): string {
  if (requests === 0) return "No request";
  return requests === 1 ? "One request" : `${requests} requests`;
}
