import { type AnyLayer, type Service, serviceFn, systemClock } from "@sluice/core";
import { everyLayer } from "@sluice/test-kit";

/** The layers of every package, in each of their shapes; no caller waits in them. */
const makers: readonly (() => AnyLayer)[] = [...(await everyLayer()).values()].flatMap(({ calm }) =>
  calm === undefined ? [] : [() => calm(systemClock, 1_000_000)],
);

/**
 * Simulates a large process: forty stacks of one to seven layers, in all orders, in front of different work. Afterwards, no call site in
 * the library sees only one kind of layer.
 */
export async function megamorphic(): Promise<void> {
  const works: readonly ((request: number) => unknown)[] = [
    async (request: number): Promise<number> => request,
    (request: number): number => request,
    async (request: number): Promise<string> => `${request}`,
    async (request: number): Promise<object> => ({ request }),
  ];
  const stacks = Array.from({ length: 40 }, (_, stack) => {
    let service: Service<number, unknown> = serviceFn(works[stack % works.length]!);
    for (let depth = 0; depth <= stack % 7; depth++) {
      const layer = makers[(stack * 5 + depth * (1 + (stack % 3))) % makers.length]!();
      service = layer.wrap(service as never) as Service<number, unknown>;
    }
    return service;
  });
  for (let round = 0; round < 500; round++) {
    for (const stack of stacks) await stack.call(round).catch(() => undefined);
  }
}
