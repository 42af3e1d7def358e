import { readFileSync } from "node:fs";
import { join, matchesGlob } from "node:path";
import { root } from "../command.ts";
import { incomplete, manifestOf, workspaceFolders } from "../manifest.ts";
import type { Outcome } from "./step.ts";

/** Checks that each package.json has the members that follow from its folder and its exports, and that the packages are released together. */
export async function manifests(): Promise<Outcome> {
  const folders = workspaceFolders();
  const wrong = folders.flatMap((folder) =>
    incomplete(folder).map((member) => `${folder}/package.json: "${member}" is not what follows from the rest`),
  );
  if (wrong.length > 0) {
    const broken = "A package.json does not say what it should. Run: pnpm manifests";
    return { ok: false, broken, output: wrong.join("\n") };
  }
  const apart = folders
    .map(manifestOf)
    .filter(({ name, private: ours = false }) => releasedTogether(name) === ours)
    .map(
      ({ name, private: ours }) =>
        `${name} is ${ours ? "private, and in the group" : "published, and not in the group"}`,
    );
  if (apart.length === 0) return { ok: true, summary: `${folders.length} of them` };
  return {
    ok: false,
    broken:
      "The packages that are published are one `fixed` group of .changeset/config.json, and nothing else is in it.",
    output: apart.join("\n"),
  };
}

function releasedTogether(name: string): boolean {
  const config = JSON.parse(readFileSync(join(root, ".changeset/config.json"), "utf8")) as { fixed: string[][] };
  const [group = []] = config.fixed;
  const matches = (pattern: string) => matchesGlob(name, pattern);
  const [without, within] = [
    group.filter((each) => each.startsWith("!")),
    group.filter((each) => !each.startsWith("!")),
  ];
  return within.some(matches) && !without.some((each) => matches(each.slice(1)));
}
