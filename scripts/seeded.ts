import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "./command.ts";

/** Arguments of `node` that make the program's random numbers the same each time, as in the tests. */
export const seeded: readonly string[] = [
  "--import",
  pathToFileURL(join(root, "test-kit/src/fixed-randomness.ts")).href,
];
