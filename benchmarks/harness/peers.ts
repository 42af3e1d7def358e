import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";

const folder = join(import.meta.dirname, "../peers");
const stamp = join(folder, "node_modules/.installed");

/** Installs the peers in the versions of peers/package.json, where they are missing. */
export function installPeers(): void {
  const wanted = createHash("sha256")
    .update(readFileSync(join(folder, "package.json")))
    .digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  console.error("Installing the peers ...");
  // npm and not pnpm, for this folder is not in the workspace; with the newest installed Node.
  const { status } = spawnSync("npm", ["install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"], {
    cwd: folder,
    env: { ...process.env, PATH: [join(process.execPath, ".."), process.env["PATH"]].join(delimiter) },
    stdio: ["ignore", "ignore", "inherit"],
    shell: process.platform === "win32",
  });
  if (status !== 0) throw new Error(`The peers could not be installed: npm install in ${folder}`);
  writeFileSync(stamp, wanted);
}

/** The version of each. */
export function peerVersions(): readonly (readonly [name: string, version: string])[] {
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  return Object.entries(manifest.dependencies);
}
