// pnpm screenshots    takes the pictures of the live page that the documentation shows
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { findChromium, startChromium } from "@sluice/test-kit/chromium";
import type { Browser, Page } from "playwright-core";

interface Picture {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly theme: "dark" | "light";
}

/** What is done to the gateways, and the pictures that are taken then. */
interface Scene {
  readonly ask: readonly string[];
  readonly seconds: number;
  readonly pictures: readonly Picture[];
}

const calmSeconds = 15;
const quietSeconds = 6;
const mostTries = 120;
const scenes: readonly Scene[] = [
  {
    ask: ["/load?times=1.5", "/important?on"],
    seconds: 20,
    pictures: [
      { name: "rush-dark", width: 1440, height: 880, theme: "dark" },
      { name: "rush-light", width: 1440, height: 880, theme: "light" },
      { name: "rush-phone", width: 390, height: 844, theme: "dark" },
    ],
  },
  {
    ask: ["/greedy?on"],
    seconds: 20,
    pictures: [{ name: "greedy-dark", width: 1440, height: 880, theme: "dark" }],
  },
  {
    ask: ["/fares?freeze=60000"],
    seconds: 20,
    pictures: [{ name: "silent-dark", width: 1440, height: 880, theme: "dark" }],
  },
];

const folder = new URL("../../../../docs/live-page/", import.meta.url);
const main = fileURLToPath(new URL("../main.ts", import.meta.url));

const chromium = await findChromium();
if (chromium === undefined) {
  console.error("There is no Chromium here. CHROMIUM=<its path> says where it is, if it is somewhere else.");
  process.exit(1);
}
mkdirSync(folder, { recursive: true });
const demo = spawn(process.execPath, [main, "--serve"], { stdio: ["ignore", "pipe", "inherit"] });
try {
  const browser = await startChromium(chromium);
  try {
    await takeAll(browser, await addressOf(demo.stdout));
  } finally {
    await browser.close();
  }
} finally {
  demo.kill("SIGINT");
}

/** Where the page is, which the demo says first. It is read to its end: a demo that nobody reads ends. */
function addressOf(output: Readable): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    output.setEncoding("utf8").on("data", (more: string) => {
      text += more;
      const [, address] = /live page.*: (http:\S+)\/\n/.exec(text) ?? [];
      if (address !== undefined) resolve(address);
    });
    output.once("end", () => reject(new Error("The demo does not serve the live page.")));
  });
}

async function takeAll(browser: Browser, address: string): Promise<void> {
  const context = await browser.newContext({ deviceScaleFactor: 1.3, reducedMotion: "reduce" });
  const page = await context.newPage();
  // On a busy machine it takes a while until the gateways are up.
  page.setDefaultTimeout(120_000);
  const painter = await context.newPage();
  for (const { ask, seconds, pictures } of scenes) {
    await fetch(`${address}/anew`, { method: "POST" });
    await page.goto(address);
    await page.locator("#routes .layer").first().waitFor();
    await sleep(calmSeconds * 1000);
    for (const path of ask) await fetch(address + path, { method: "POST" });
    await sleep(seconds * 1000);
    for (const picture of pictures) await take(page, painter, picture);
  }
}

async function take(page: Page, painter: Page, { name, width, height, theme }: Picture): Promise<void> {
  await page.emulateMedia({ colorScheme: theme });
  await page.setViewportSize({ width, height });
  // The next frames are drawn in the new size.
  await sleep(1500);
  const png = await whileQuiet(page, () => page.screenshot());
  if (png === undefined) {
    console.error(`${name}.webp: left as it was, for this machine is too busy`);
    process.exitCode = 1;
    return;
  }
  const webp = await compressed(painter, png);
  writeFileSync(new URL(`${name}.webp`, folder), webp);
  console.log(`${name}.webp: ${Math.round(webp.length / 1000)} kB`);
}

/** A picture of a machine that is too busy to send the load shows nothing. It is taken when it has not been for a while, and is not then. */
async function whileQuiet(page: Page, shoot: () => Promise<Buffer>): Promise<Buffer | undefined> {
  const isQuiet = async () => (await page.locator("html[data-busy=false]").count()) > 0;
  for (let seconds = 0, tries = 0; tries < mostTries; tries++) {
    await sleep(1000);
    seconds = (await isQuiet()) ? seconds + 1 : 0;
    if (seconds < quietSeconds) continue;
    const picture = await shoot();
    if (await isQuiet()) return picture;
  }
  return undefined;
}

/** The same picture as WebP, a fraction of its size: a browser can write that. */
async function compressed(painter: Page, png: Buffer): Promise<Buffer> {
  const url = await painter.evaluate(
    async (source) => {
      const image = new Image();
      image.src = source;
      await image.decode();
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [image.width, image.height];
      canvas.getContext("2d")?.drawImage(image, 0, 0);
      return canvas.toDataURL("image/webp", 0.6);
    },
    `data:image/png;base64,${png.toString("base64")}`,
  );
  return Buffer.from(url.slice(url.indexOf(",") + 1), "base64");
}
