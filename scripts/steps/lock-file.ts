import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../command.ts";
import type { Outcome } from "./step.ts";

/** The lock file names what is installed, by version and hash, and never from where: that is the reader's setting. */
export async function lockFile(): Promise<Outcome> {
  const lines = readFileSync(join(root, "pnpm-lock.yaml"), "utf8").split("\n");
  const addresses = lines
    .map((line, index) => `pnpm-lock.yaml:${index + 1}: ${line.trim()}`)
    .filter((line) => /https?:\/\//.test(line));
  if (addresses.length === 0) return { ok: true };
  return { ok: false, broken: "The lock file contains addresses.", output: addresses.join("\n") };
}
