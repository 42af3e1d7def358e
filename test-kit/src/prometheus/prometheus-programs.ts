import { execFile } from "node:child_process";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { cacheFolder, fromDebian, programFinder } from "../program/index.ts";

/** The programs of a Prometheus that runs on this machine. */
export interface PrometheusPrograms {
  /** The server. */
  readonly prometheus: string;
  /** The tool that checks and tests its rules. */
  readonly promtool: string;
}

const programs = programFinder<PrometheusPrograms>({
  howToGetOne:
    "Prometheus 2.40 or later is needed, with promtool beside it: install it (Debian: apt-get install prometheus; macOS: brew install prometheus), so that both are on the PATH, or name its program in SLUICE_PROMETHEUS.",
  variable: "SLUICE_PROMETHEUS",
  names: ["prometheus"],
  tried,
  fetched: () =>
    fromDebian({
      folder: cacheFolder("sluice-prometheus"),
      packages: ["prometheus"],
      tried: (folder) => tried(join(folder, "usr/bin/prometheus")),
    }),
});

/**
 * For test files: the Prometheus that SLUICE_PROMETHEUS names, the one on the PATH, or, on systems based on Debian, one that is unpacked
 * from Debian's package into node_modules/.cache (once: 19 MB to load). Otherwise it prints one line that says how to get one, and returns
 * undefined; the tests that need it are then skipped.
 *
 * @throws Error when there is none and CI is set: in CI no test is skipped
 */
export function prometheusForTests(): Promise<PrometheusPrograms | undefined> {
  return programs.forTests("tests with a real Prometheus");
}

/** The server at this path and the tool beside it, where both run. */
async function tried(prometheus: string): Promise<PrometheusPrograms | undefined> {
  const found = { prometheus, promtool: join(dirname(prometheus), "promtool") };
  try {
    for (const program of Object.values(found)) await promisify(execFile)(program, ["--version"], { timeout: 60_000 });
    return found;
  } catch {
    return undefined;
  }
}
