import { command, eachOfTwo } from "../command.ts";
import { packages } from "../workspace.ts";
import type { Outcome } from "./step.ts";

interface Size {
  readonly name: string;
  readonly passed?: boolean;
  readonly size: number;
  readonly sizeLimit?: number;
}

/** Compares the size of each package in a bundle, minified and gzipped, with the budget in its package.json. */
export async function sizes(): Promise<Outcome> {
  const lines = await eachOfTwo(packages, async ({ folder, noun }) => {
    const { ok, output } = await command("size-limit", ["--json"], { cwd: folder });
    const measured = parse(output);
    if (measured === undefined) return { ok: false, line: `${noun}: size-limit cannot bundle it\n${output}` };
    const missing = measured.some(({ sizeLimit }) => sizeLimit === undefined);
    const line = measured
      .map(({ name, size, sizeLimit, passed }) => {
        const verdict = passed === false ? "  TOO LARGE" : "";
        return `${noun.padEnd(12)} ${String(size).padStart(6)} of ${sizeLimit ?? "no budget"} bytes  ${name}${verdict}`;
      })
      .join("\n");
    return { ok: ok && !missing, line };
  });
  const wrong = lines.filter(({ ok }) => !ok);
  const output = (wrong.length > 0 ? wrong : lines).map(({ line }) => line).join("\n");
  return wrong.length === 0
    ? { ok: true, output }
    : {
        ok: false,
        broken: `${wrong.length} of ${packages.length} packages do not keep their size budget.`,
        output,
      };
}

function parse(output: string): Size[] | undefined {
  try {
    return JSON.parse(output) as Size[];
  } catch {
    return undefined;
  }
}
