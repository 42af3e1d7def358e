import { join } from "node:path";
import { command, root } from "../command.ts";
import { outside } from "../outside.ts";
import { manifestOf } from "../manifest.ts";
import { packages } from "../workspace.ts";
import { install, peers, project } from "./consumer.ts";
import type { Context, Outcome } from "./step.ts";

/** Tests the packed packages in Node.js, Deno, Bun, workerd and a browser, and compares the results with the table in the README. */
export async function runtimes({ scratch }: Context): Promise<Outcome> {
  const { devDependencies, dependencies } = manifestOf("tests") as ReturnType<typeof manifestOf> & {
    readonly devDependencies: Readonly<Record<string, string>>;
  };
  const servers = { srvx: dependencies!["srvx"]!, hono: devDependencies["hono"]! };
  const folder = project(scratch, "runtimes", packages, { ...peers, ...servers });
  const installed = await command("npm", install, { cwd: folder, env: outside });
  if (!installed.ok) return { ok: false, broken: "npm does not install the tarballs.", output: installed.output };
  const systemNode = await command("node", ["--print", "process.execPath"], { env: outside });
  const args = [join(root, "tests/runtimes/run.ts"), folder, systemNode.output];
  // About ten seconds, plus the installation of a browser where there is none.
  const { ok, output } = await command("node", args, { within: 900 });
  if (!ok) return { ok, broken: "The packages do not work in every runtime as the README says.", output };
  const said = (word: string) => output.split("\n").filter((line) => line.startsWith(word));
  return { ok, summary: `${said("ok").length} of them`, notes: said("SKIPPED"), output };
}
