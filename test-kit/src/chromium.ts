import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Browser, chromium } from "playwright-core";
import { aptGet, cacheFolder, freshLists, oneAtATime, programFinder } from "./program/index.ts";

/** The browser must not use the network by itself, nor need features that a container lacks. */
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
    // Usual places outside of the PATH.
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  ],
  tried,
  fetched: () => oneAtATime(cacheFolder("sluice-chromium"), installed),
});

/** The path of a Chromium or Chrome of this machine: the one that `CHROMIUM` names, otherwise one on the PATH. */
export function findChromium(): Promise<string | undefined> {
  return browser.here();
}

/**
 * The path of a Chromium. Where there is none it is installed first, if possible: by root, on Debian. Otherwise it prints one line that
 * says how to get one, and returns undefined.
 *
 * @throws Error when there is none and CI is set: in CI no test is skipped
 */
export function haveChromium(): Promise<string | undefined> {
  return browser.forTests("tests in a browser");
}

/** A headless browser with an empty profile, which is removed when it closes. `await using` closes it. */
export function startChromium(executablePath: string): Promise<Browser> {
  // It starts slowly on a busy machine.
  return chromium.launch({ executablePath, headless: true, chromiumSandbox: false, args: flags, timeout: 120_000 });
}

/** It needs a hundred other packages, so it has to be installed. */
async function installed(): Promise<string | undefined> {
  const path = "/usr/bin/chromium";
  if (process.getuid?.() !== 0 || !existsSync("/etc/debian_version")) return undefined;
  // Another process has probably installed it meanwhile.
  const there = await tried(path);
  if (there !== undefined) return there;
  const scratch = await mkdtemp(join(tmpdir(), "sluice-chromium-"));
  try {
    const lists = await freshLists(scratch);
    const packages = ["chromium", "fonts-liberation"];
    // Another process may be installing something at the same time.
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
