import { execFile } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { type Browser, chromium } from "playwright-core";

const names = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];
/** Where browsers lie that are not on the PATH. */
const places = ["/usr/bin/chromium", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"];
/** A page of tests must not speak to the network by itself, nor need what a container does not have. */
const flags = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** The path of a Chromium or Chrome of this machine: the one that `CHROMIUM` names, else one on the PATH. */
export function findChromium(): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const onPath = names.flatMap((name) => folders.map((folder) => join(folder, name)));
  const named = process.env["CHROMIUM"];
  return named ?? [...onPath, ...places].find(canRun);
}

/**
 * The path of a Chromium, which is installed first where there is none and that can be done: by root, on Debian. Where there is
 * still none, it is undefined; in CI that is an error, for there nothing may be left out.
 */
export async function haveChromium(): Promise<string | undefined> {
  const found = findChromium() ?? (await installed());
  if (found === undefined && process.env["CI"])
    throw new Error("There is no Chromium here, and it cannot be installed.");
  return found;
}

/** A browser without a window, and with an empty profile, which is gone when it has been closed. `await using` closes it. */
export function startChromium(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, headless: true, chromiumSandbox: false, args: flags });
}

async function installed(): Promise<string | undefined> {
  if (process.getuid?.() !== 0 || !existsSync("/etc/debian_version")) return undefined;
  const options = {
    timeout: 600_000,
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    maxBuffer: 2 ** 26,
  };
  // Somebody else may be installing something at the same time.
  const apt = (...args: string[]) =>
    promisify(execFile)("apt-get", ["-o", "DPkg::Lock::Timeout=300", "-qq", ...args], options);
  try {
    await apt("update");
    await apt("install", "-y", "--no-install-recommends", "chromium", "fonts-liberation");
  } catch (error) {
    console.error(`Chromium could not be installed: ${String(error)}`);
  }
  return findChromium();
}

function canRun(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
