// What a consumer writes. The packed-install test compiles it against the packed tarballs, with TypeScript 5.4 and
// the newest, as an ES module and as CommonJS, and runs the results on the system's Node and on Node 24.
import { gate, middleware, Semaphore, type Service, ServiceBuilder } from "@sluice/core";

const lookup = new ServiceBuilder()
  .layer(gate(new Semaphore(1), { name: "oneAtATime" }))
  .layer(middleware("trimmed", (name: string, next, options) => next(name.trim(), options)))
  .serviceFn((name: string) => name.length);

// The types come out whole, through the packed declarations.
const typed: Service<string, number, never> = lookup;

async function main(): Promise<void> {
  {
    using permit = await typed.ready();
    if (typed.tryReady() !== undefined) throw new Error("there is room for two");
    void permit;
  }
  // Leaving the block gave the permit back.
  const length = await typed.call(" sluice ");
  if (length !== 6) throw new Error(`the answer is ${length}`);
}

void main();
