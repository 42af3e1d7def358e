import { type Fault, seen } from "../fault.ts";
import { ignore, Site, sleep } from "../work.ts";

export const fault: Fault = {
  name: "changed-while-running",
  title: "A limit of 1 is raised to 3 while three wait, then lowered to 1: how many run?",
  needs: ["resizable"],
  async ask(library) {
    const { call, resize } = await library.resizable(1);
    const site = new Site();
    const works = Array.from({ length: 6 }, () => site.held());
    for (const { work } of works) ignore(call(work));
    await sleep(60);
    const before = site.running;
    resize(3);
    await sleep(60);
    const raised = site.running;
    resize(1);
    works[0]?.end();
    works[1]?.end();
    await sleep(60);
    const lowered = site.running;
    for (const { end } of works) end();
    await sleep(60);
    const served = site.begun.length;
    return seen(
      `${before}, ${raised}, ${lowered} run${served === 6 ? "" : `; ${6 - served} never served`}`,
      before === 1 && raised === 3 && lowered === 1 && served === 6,
    );
  },
};
