// Run by `node --test`.
import test from "node:test";
import { Semaphore } from "@sluice/core";
import { checkContract } from "../../src/contract/index.ts";

await test("a limit of 2 keeps its promises", async () => {
  const report = await checkContract(() => new Semaphore(2), { seed: 7, runs: 50 });
  report.assert();
});
