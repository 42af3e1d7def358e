import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { LayerShape, LayerShapes } from "./layer-shape.ts";
import type { OptionTable } from "./option-table.ts";

const folder = join(import.meta.dirname, "../../packages");

/** The names of the folders of packages that have this file among their tests. */
function packagesWith(file: string): readonly string[] {
  return readdirSync(folder)
    .filter((noun) => existsSync(join(folder, noun, "test", file)))
    .sort();
}

/** The shapes of the layers of every package. */
export async function everyLayer(): Promise<ReadonlyMap<string, LayerShape>> {
  const all = new Map<string, LayerShape>();
  for (const noun of packagesWith("layers.ts")) {
    const { layers } = (await import(`../../packages/${noun}/test/layers.ts`)) as { readonly layers: LayerShapes };
    for (const [name, shape] of Object.entries(layers)) {
      if (all.has(name)) throw new Error(`${name} is described by two packages.`);
      all.set(name, shape);
    }
  }
  return all;
}

/** The tables of options of every package, by entry point: `"core/leaks"`. */
export async function everyOption(): Promise<ReadonlyMap<string, OptionTable>> {
  const all = new Map<string, OptionTable>();
  for (const noun of packagesWith("options.ts")) {
    const tables = (await import(`../../packages/${noun}/test/options.ts`)) as Readonly<Record<string, OptionTable>>;
    for (const table of Object.values(tables)) {
      all.set(table.entry === undefined ? noun : `${noun}/${table.entry}`, table);
    }
  }
  return all;
}
