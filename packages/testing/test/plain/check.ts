// Run by node as it is, without a test runner: prints what was found out about a limit and about a layer that is broken.
import { middleware, Semaphore } from "@sluice/core";
import { checkContract } from "../../src/contract/index.ts";

const options = { seed: 7, runs: 50 };
const kept = await checkContract(() => new Semaphore(2), options);
const broken = await checkContract(
  () => middleware("deaf", (request: number, next, call) => next(request, { ...call, signal: undefined })),
  options,
);
console.log(
  JSON.stringify([kept, broken].map(({ layer, broken: findings }) => [layer, findings.map(({ number }) => number)])),
);
