// `npm test`, `npm run demo` and `npm run lab` begin here, on a machine that has Node 20.19 or later and npm and nothing else:
// it installs what is missing, then hands over to Node 24, which runs the TypeScript sources as they are.
// This file runs on the system's Node before anything is installed, so it is JavaScript and imports only Node.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const programs = { demo: "apps/demo/src/main.ts", lab: "apps/lab/src/main.ts", test: "scripts/test.ts" };

const root = fileURLToPath(new URL("..", import.meta.url));
const bin = join(root, "node_modules", ".bin");
const stamp = join(root, "node_modules", ".sluice-installed");
const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const shell = process.platform === "win32";

const [name, ...args] = process.argv.slice(2);
const program = programs[name];
if (program === undefined) fail(`usage: node scripts/bootstrap.mjs ${Object.keys(programs).join("|")} [arguments]`);

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  fail(`Node.js 20.19 or later is needed; this is ${process.version}.`);
}

const env = {
  ...process.env,
  PATH: [bin, process.env.PATH].join(delimiter),
  TURBO_TELEMETRY_DISABLED: "1",
};

if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== manifests()) install();
if (!existsSync(join(root, "node_modules", "pnpm"))) borrowPnpm();
run();

/** A hash of everything that decides what is installed. If it is that of the last installation, there is nothing to do. */
function manifests() {
  const groups = ["packages", "apps"].flatMap((folder) =>
    readdirSync(join(root, folder)).map((each) => join(folder, each)),
  );
  const folders = [".", "benchmarks", "examples", "test-kit", "tests", ...groups];
  const files = ["pnpm-lock.yaml", "pnpm-workspace.yaml", ...folders.map((folder) => join(folder, "package.json"))];
  const hash = createHash("sha256");
  for (const file of files) {
    if (existsSync(join(root, file))) hash.update(`${file}\n`).update(readFileSync(join(root, file)));
  }
  return hash.digest("hex");
}

function install() {
  const lock = process.env.CI ? "--frozen-lockfile" : "--no-frozen-lockfile";
  console.error(`Installing, with ${packageManager} ...`);
  const { status, error } = spawnSync("npx", ["-y", packageManager, "install", lock], {
    cwd: root,
    env,
    // Its messages are not the program's output.
    stdio: ["ignore", process.stderr, process.stderr],
    shell,
  });
  if (status !== 0) {
    fail(`The installation failed${error ? `: ${error.message}` : ""}. Try it alone: npx -y ${packageManager} install`);
  }
  writeFileSync(stamp, manifests());
}

/**
 * pnpm is an optional dependency: where the lock file has no binary of it for this platform, it is not installed. turbo and the steps still
 * need one on the PATH, and npx has the one that has just installed everything else.
 */
function borrowPnpm() {
  // They are dangling links, and would be found first.
  for (const file of readdirSync(bin)) if (/^(pnpm|pnpx|pn|pnx)(\.\w+)?$/.test(file)) rmSync(join(bin, file));
  const { status, stdout } = spawnSync(
    "npx",
    ["-y", "--package", packageManager, "--", "node", "-p", "process.env.PATH"],
    { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"], shell },
  );
  if (status !== 0) fail(`npx does not find ${packageManager}.`);
  env.PATH = [bin, stdout.trim()].join(delimiter);
}

function run() {
  const node = join(bin, process.platform === "win32" ? "node.exe" : "node");
  const child = spawn(node, [join(root, program), ...args], { cwd: root, env, stdio: "inherit" });
  // A terminal also sends Ctrl-C to the child, so this process only has to outlive it. A signal from elsewhere reaches only this process.
  process.on("SIGINT", () => process.stdin.isTTY || child.kill("SIGINT"));
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  child.on("error", (error) => fail(error.message));
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? 128 + constants.signals[signal];
  });
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
