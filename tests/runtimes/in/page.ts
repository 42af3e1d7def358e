// A page that runs the suite, whose requests a service worker answers.
import { suite, type Result } from "../suite.ts";

async function run(): Promise<readonly Result[]> {
  await navigator.serviceWorker.register("/service-worker.js", { type: "module" });
  await navigator.serviceWorker.ready;
  if (navigator.serviceWorker.controller === null) {
    await new Promise((resolve) => navigator.serviceWorker.addEventListener("controllerchange", resolve));
  }
  return suite(`${location.origin}/served`);
}

Object.assign(globalThis, { results: run() });
