import { findChromium, startChromium } from "@sluice/test-kit/chromium";
import axe from "axe-core";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Demo } from "../helper/demo.ts";

// Installed by the step of `npm test`, where it can be. In CI it has to be there.
const chromium = await findChromium();
if (chromium === undefined) {
  if (process.env["CI"]) throw new Error("There is no Chromium, so the live page is not tested.");
  console.warn("SKIPPED: there is no Chromium here, so the live page is not tested in a browser.");
}

/** On a busy machine all takes its time; what is waited for is a condition. */
const within = { timeout: 60_000 };
const widths = [360, 768, 1440] as const;
const schemes = ["light", "dark"] as const;

describe.skipIf(chromium === undefined)("the live page, in a browser", { timeout: 240_000 }, () => {
  let demo: Demo;
  let browser: Browser;
  let page: Page;
  /** What the console and the network had to say that they should not. */
  const complaints: string[] = [];

  beforeAll(async () => {
    demo = new Demo("--serve");
    const [origin, started] = await Promise.all([demo.page(), startChromium(chromium!)]);
    browser = started;
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: "reduce" });
    page = await context.newPage();
    page.setDefaultTimeout(within.timeout);
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("request", (request) => {
      if (new URL(request.url()).origin !== origin) complaints.push(`It asks ${request.url()}`);
    });
    await page.goto(origin);
  });

  afterAll(async () => {
    await browser?.close();
    demo.end();
  });

  /** Kept when the page's text at this place satisfies. */
  const says = (selector: string, pattern: RegExp) =>
    page.locator(selector).filter({ hasText: pattern }).first().waitFor(within);
  const choose = (control: string, value: string) => page.locator(`[data-control=${control}] [value="${value}"]`);

  test("loads, and its figures move", async () => {
    const figure = page.locator("#score [data-side=layered] .big b");
    await says("#score [data-side=layered] .big b", /[1-9]/);
    const before = await figure.textContent();
    await page.waitForFunction(
      (text) => document.querySelector("#score [data-side=layered] .big b")?.textContent !== text,
      before,
      within,
    );
    expect(await page.locator("#routes .route").count()).toBe(3);
    const names = (route: string) => page.locator(`[data-route=${route}] .name`).allTextContents();
    expect(await names("quote")).toEqual(expect.arrayContaining(["priorityLine", "concurrencyLimit"]));
    expect(await names("report")).toEqual(expect.arrayContaining(["loadShed", "keyed"]));
    expect(await names("fares")).toEqual(expect.arrayContaining(["circuitBreaker", "fallback"]));
    // uPlot draws on these.
    expect(await page.locator("figure canvas").count()).toBe(4);
  });

  test("when a backend is killed, shows it within two seconds, and when it is up again", async () => {
    // Two frames a second: what is shown counts frames, for a machine that is busy shows fewer of them in a second.
    await page.evaluate(() => {
      const shown = { frames: 0 };
      Object.assign(window, { shown });
      const source = new EventSource("/frames");
      source.addEventListener("frame", () => shown.frames++);
    });
    const frames = () => page.evaluate(() => (window as unknown as { shown: { frames: number } }).shown.frames);
    await choose("fares", "killed").check();
    await says("#status", /fares.*killed/i);
    const before = await frames();
    const backend = "[data-route=fares] [data-side=layered] .backend";
    await page.locator(`${backend}[data-condition=killed]`).waitFor(within);
    expect((await frames()) - before).toBeLessThanOrEqual(4);
    await says(backend, /killed/);
    await says("#what", /fares is gone/);
    await choose("fares", "up").check();
    await page.locator(`${backend}[data-condition=up]`).waitFor(within);
  });

  test("is used by keyboard: more load shows refusals in a box, and a line without layers", async () => {
    // So that it is more than this backend can do, also where this machine is too busy to send all of it.
    await choose("report", "slow").check();
    await choose("load", "0.6").focus();
    await page.keyboard.press("ArrowRight");
    await page.locator("[data-control=load] [value='1.5']:checked").waitFor({ ...within, state: "attached" });
    await says("[data-route=report] [data-side=layered] .layer", /loadShed.*refused/);
    await says("[data-route] [data-side=plain] .layer[data-alert=true]", /\d wait/);
    await says("#what", /1.5 times/);
    expect(await choose("load", "1.5").isChecked()).toBe(true);
    await page.keyboard.press("ArrowLeft");
    await page.locator("[data-control=load] [value='0.6']:checked").waitFor({ ...within, state: "attached" });
    await choose("report", "up").check();
  });

  test("when one client is greedy, shows who refuses it, and what it gets", async () => {
    await choose("greedy", "off").focus();
    await page.keyboard.press("ArrowRight");
    await says("#status", /greedy client: Asks for ×4/);
    await says("#what", /One client alone asks report/);
    await says("[data-route=report] [data-side=layered] .class", /◆ Greedy: \d+ of [1-9]/);
    await says("[data-route=report] [data-side=plain] .class", /◆ Greedy: \d+ of [1-9]/);
    await says("[data-route=report] [data-side=layered] .layer[data-alert=true]", /keyed.*over their share/);
    expect(await choose("greedy", "on").isChecked()).toBe(true);
    await choose("greedy", "off").check();
    await says("[data-route=report] [data-side=layered] .class", /No greedy client/);
  });

  test("when requests are marked as important in a rush, shows them in front, and what they get", async () => {
    const line = "[data-route=quote] [data-side=layered] .layer";
    // So that somebody waits, also where this machine is too busy to send all of it.
    const half = page.getByRole("button", { name: "½ the limit of quote" });
    const twice = page.getByRole("button", { name: "×2 the limit of quote" });
    await half.click();
    await half.click();
    await says(line, /concurrencyLimit.*of 1/);
    await choose("load", "1.5").check();
    await says(line, /priorityLine.*★ 0\/s let in first/);
    await says("[data-route=quote] .class", /One in ten:/);
    await choose("important", "off").focus();
    await page.keyboard.press("ArrowRight");
    await says("#status", /One in ten: Important/);
    await says("[data-route=quote] [data-side=layered] .class[data-on=true]", /★ Important: \d/);
    await says("#so", /important tenth of quote: \d+ % in time with layers/);
    expect(await choose("important", "on").isChecked()).toBe(true);
    await says(line, /priorityLine.*★ [1-9]\d*\/s let in first/);
    await choose("load", "0.6").check();
    await choose("important", "off").check();
    await says("[data-route=quote] [data-side=layered] .class[data-on=false]", /One in ten:/);
    await twice.click();
    await twice.click();
    await says(line, /concurrencyLimit.*of 4/);
  });

  test("sets a limit by keyboard, shows it in its box and in words, and knows its bounds", async () => {
    const box = page.locator("[data-route=quote] [data-side=layered] .layer", { hasText: "concurrencyLimit" });
    const half = box.getByRole("button", { name: "½ the limit of quote" });
    const twice = box.getByRole("button", { name: "×2 the limit of quote" });
    await half.focus();
    await page.keyboard.press("Enter");
    await says("#status", /limit of quote: 2 at once/);
    await says("#what", /limit of quote is 2 instead of 4/);
    await page.keyboard.press("Space");
    await box.filter({ hasText: /of 1.*was 4/ }).waitFor(within);
    expect([await half.getAttribute("aria-disabled"), await twice.getAttribute("aria-disabled")]).toEqual([
      "true",
      "false",
    ]);
    // The one that can do no more keeps the focus, and does nothing.
    await page.keyboard.press("Enter");
    expect(await half.evaluate((each) => each === document.activeElement)).toBe(true);
    await twice.click();
    await says("#what", /limit of quote is 2 instead of 4/);
    await twice.click();
    await box.filter({ hasText: /of 4/ }).waitFor(within);
    await says("#what", /usual/);
  });

  test("pauses, and goes on", async () => {
    await page.locator("#pause").click();
    await says("#what", /Paused/);
    await page.locator("#pause").click();
    await says("#what", /usual/);
    expect(await page.locator("#pause").getAttribute("aria-pressed")).toBe("false");
  });

  test("has the theme that is chosen, also when it is loaded again", async () => {
    const colour = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await colour();
    await page.locator("#theme").click();
    const dark = await colour();
    expect(dark).not.toBe(light);
    await page.reload();
    expect(await colour()).toBe(dark);
    await page.evaluate(() => localStorage.clear());
    await page.reload();
    expect(await colour()).toBe(light);
  });

  test("moves nothing by itself for those who want less motion", async () => {
    await page.locator("[data-route=fares] .layer").first().waitFor(within);
    const durations = await page.evaluate(() => {
      const all = [...document.querySelectorAll("*")];
      return all.flatMap((each) => [null, "::before"].map((part) => getComputedStyle(each, part).transitionDuration));
    });
    expect(new Set(durations)).toEqual(new Set(["0s"]));
  });

  test("has nothing that axe finds serious, and fits, in each width and theme", async () => {
    await says("#score [data-side=layered] .big b", /[1-9]/);
    await page.evaluate(axe.source);
    for (const colorScheme of schemes) {
      for (const width of widths) {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize({ width, height: 900 });
        const found = await page.evaluate(async () => {
          const { violations } = await (window as unknown as { axe: typeof axe }).axe.run();
          return violations
            .filter(({ impact }) => impact === "serious" || impact === "critical")
            .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join("\n")}`);
        });
        expect([colorScheme, width, found]).toEqual([colorScheme, width, []]);
        const wide = await page.evaluate(
          () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        );
        expect([width, wide]).toEqual([width, 0]);
      }
    }
  });

  test("has had nothing to complain of, and asked nobody else for anything", () => {
    expect(complaints).toEqual([]);
  });
});
