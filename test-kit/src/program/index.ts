/**
 * Programs that tests need and this workspace cannot list as a dependency: found on the machine, else fetched where that can be done, else
 * missing, which is said aloud and is an error in CI. What they are started with, and how they end in all cases.
 *
 * @packageDocumentation
 */
export { aptGet, freshLists } from "./apt-get.ts";
export type { DebianPackages } from "./debian-packages.ts";
export { fromDebian } from "./debian-packages.ts";
export { ended, endWithThisProcess } from "./ending.ts";
export { freePort } from "./free-port.ts";
export { cacheFolder, oneAtATime } from "./cache-folder.ts";
export type { ProgramFinder, ProgramSought } from "./program-finder.ts";
export { programFinder } from "./program-finder.ts";
