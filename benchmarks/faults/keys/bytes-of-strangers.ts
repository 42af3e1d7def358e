import { figure, type Fault } from "../fault.ts";

const strangers = 200_000;

export const fault: Fault = {
  name: "bytes-of-strangers",
  title: `${strangers.toLocaleString("en")} strangers come once: how many are served, and how much memory is kept for them?`,
  needs: ["keyedRate"],
  async ask(library) {
    const rate = await library.keyedRate(2, 60_000);
    const heap = (): number => {
      globalThis.gc?.();
      return process.memoryUsage().heapUsed;
    };
    await rate("the first");
    const before = heap();
    let served = 0;
    for (let stranger = 0; stranger < strangers; stranger++) {
      await rate(`${stranger}`).then(
        () => served++,
        () => {},
      );
    }
    const kept = heap() - before;
    // It is still in use.
    await rate("the last").catch(() => {});
    return figure(`${served.toLocaleString("en")}, ${(kept / 1e6).toFixed(0)} MB`);
  },
  notes: {
    Sluice: 'Of 10,000 keys (`maxKeys`); further keys are refused, or share one gate (`whenFull: "share"`).',
  },
};
