import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Browser, chromium } from "playwright-core";
import { aptGet, cacheFolder, freshLists, oneAtATime, programFinder } from "./program/index.ts";

/** A page of tests must not speak to the network by itself, nor need what a container does not have. */
const flags = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const browser = programFinder<string>({
  howToGetOne:
    "Chromium is needed: install it (Debian: apt-get install chromium; macOS: brew install --cask chromium), or name its program in CHROMIUM.",
  variable: "CHROMIUM",
  names: [
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
    // They lie where no PATH leads.
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  ],
  tried,
  fetched: () => oneAtATime(cacheFolder("sluice-chromium"), installed),
});

/** The path of a Chromium or Chrome of this machine: the one that `CHROMIUM` names, else one on the PATH. */
export function findChromium(): Promise<string | undefined> {
  return browser.here();
}

/**
 * The path of a Chromium, which is installed first where there is none and that can be done: by root, on Debian. Undefined where there is
 * still none, after one line that says so, and how to get one.
 *
 * @throws Error when there is none and CI is set: there nothing is left out
 */
export function haveChromium(): Promise<string | undefined> {
  return browser.forTests("tests in a browser");
}

/** A browser without a window, and with an empty profile, which is gone when it has been closed. `await using` closes it. */
export function startChromium(executablePath: string): Promise<Browser> {
  // On a busy machine it takes its time.
  return chromium.launch({ executablePath, headless: true, chromiumSandbox: false, args: flags, timeout: 120_000 });
}

/** It needs a hundred other packages, which only an installation puts together. */
async function installed(): Promise<string | undefined> {
  const path = "/usr/bin/chromium";
  if (process.getuid?.() !== 0 || !existsSync("/etc/debian_version")) return undefined;
  // Whoever was before us has installed it, most likely.
  const there = await tried(path);
  if (there !== undefined) return there;
  const scratch = await mkdtemp(join(tmpdir(), "sluice-chromium-"));
  try {
    const lists = await freshLists(scratch);
    const packages = ["chromium", "fonts-liberation"];
    // Somebody else may be installing something at the same time.
    const options = [...lists.options, "-o", "DPkg::Lock::Timeout=300", "-y", "--no-install-recommends"];
    await aptGet(["install", ...options, ...packages], { timeout: 600_000 }).catch((error: unknown) => {
      throw new Error([lists.failure, String(error)].filter(Boolean).join("\n"), { cause: error });
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return tried(path);
}

async function tried(path: string): Promise<string | undefined> {
  try {
    await promisify(execFile)(path, ["--version"], { timeout: 60_000 });
    return path;
  } catch {
    return undefined;
  }
}
