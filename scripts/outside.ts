import { delimiter } from "node:path";

/** The environment of a user of the packages: the PATH and the settings without those of this workspace. */
export const outside: NodeJS.ProcessEnv = {
  ...Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^npm_(package|lifecycle|command|node|execpath|config_(local_)?prefix)/.test(name),
    ),
  ),
  PATH: (process.env["PATH"] ?? "")
    .split(delimiter)
    .filter((folder) => !folder.includes("node_modules"))
    .join(delimiter),
};
