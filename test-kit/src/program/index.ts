/**
 * Programs that tests need and this workspace cannot list as a dependency: found on the machine, otherwise fetched where possible,
 * otherwise missing, which is printed and is an error in CI. Also helpers to start and to end them.
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
