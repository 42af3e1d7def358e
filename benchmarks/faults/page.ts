import { peerVersions } from "../harness/peers.ts";
import { machine } from "../harness/result.ts";
import { writeBetween } from "../harness/written-page.ts";
import type { Answers } from "./ask.ts";
import type { Cell, Fault, Theme } from "./fault.ts";
import type { Library } from "./library.ts";
import { libraries } from "./libraries/libraries.ts";
import { themes } from "./themes.ts";

/** Puts the tables into the page. */
export function writePage(answers: Answers, seconds: number): string {
  return writeBetween("docs/reliability.md", "pnpm bench:faults", tables(answers, seconds));
}

function tables(answers: Answers, seconds: number): string[] {
  const asked = libraries.filter((library) => [...answers.values()].some((cells) => cells.has(library)));
  const date = new Date().toISOString().slice(0, 10);
  const tally = (library: Library, verdict: Cell["verdict"]): number =>
    [...answers.values()].filter((cells) => cells.get(library)?.verdict === verdict).length;
  return [
    `\`pnpm bench:faults\` on ${date}, ${machine()}: ${seconds.toFixed(0)} s.`,
    rows([
      ["", "version", "as promised", "fault", "by intent", "not offered", "with"],
      ...asked.map((library) => [
        library.name,
        version(library),
        `${tally(library, "kept")}`,
        `${tally(library, "broken")}`,
        `${tally(library, "intended")}`,
        `${tally(library, "not offered")}`,
        library.settings,
      ]),
    ]),
    ...themes.flatMap((theme) => section(theme, answers, asked)),
  ];
}

function version({ name }: Library): string {
  if (name === "Sluice") return "this one";
  return peerVersions().find(([peer]) => peer === name.toLowerCase())?.[1] ?? "";
}

/** A table, without libraries that offer none of it, and its footnotes. */
function section({ title, faults }: Theme, answers: Answers, asked: readonly Library[]): string[] {
  const cell = (fault: Fault, library: Library): Cell | undefined => answers.get(fault)?.get(library);
  const columns = asked.filter((library) =>
    faults.some((fault) => (cell(fault, library)?.verdict ?? "not offered") !== "not offered"),
  );
  const notes: string[] = [];
  const body = faults.map((fault) => [
    fault.title,
    ...columns.map((library) => {
      const seen = cell(fault, library);
      const note = fault.documented?.[library.name] ?? fault.notes?.[library.name];
      if (seen === undefined || seen.verdict === "not offered") return "–";
      const mark = note === undefined ? "" : ` <sup>${numberOf(`${library.name}: ${note}`, notes)}</sup>`;
      return `${signs[seen.verdict]}${seen.seen.replaceAll("|", "\\|")}${mark}`;
    }),
  ]);
  return [
    `### ${title}`,
    rows([["", ...columns.map(({ name }) => name)], ...body]),
    ...notes.map((note, index) => `<sup>${index + 1}</sup> ${note}`),
  ];
}

const signs: Readonly<Record<Cell["verdict"], string>> = {
  kept: "✓ ",
  broken: "✗ ",
  intended: "◇ ",
  figure: "",
  "not offered": "–",
};

function numberOf(note: string, notes: string[]): number {
  if (!notes.includes(note)) notes.push(note);
  return notes.indexOf(note) + 1;
}

function rows([head = [], ...body]: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [row(head), row(head.map(() => "---")), ...body.map(row)].join("\n");
}
