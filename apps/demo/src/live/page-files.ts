import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build, stop } from "esbuild";

export interface PageFile {
  readonly type: string;
  readonly body: string;
}

const folder = new URL("../page/", import.meta.url);

/** All that the page consists of, by path, made of src/page. Nothing of it comes from outside of this machine. */
export async function pageFiles(): Promise<ReadonlyMap<string, PageFile>> {
  const { outputFiles } = await build({
    entryPoints: ["main.ts", "page.css"].map((name) => fileURLToPath(new URL(name, folder))),
    bundle: true,
    write: false,
    outdir: "/",
    format: "esm",
    target: "es2022",
    logLevel: "silent",
  });
  // Its process is not needed any more.
  await stop();
  const bundled = (ending: string): string => outputFiles.find(({ path }) => path.endsWith(ending))?.text ?? "";
  const own = (name: string): string => readFileSync(new URL(name, folder), "utf8");
  return new Map([
    ["/", { type: "text/html; charset=utf-8", body: own("index.html") }],
    ["/icon.svg", { type: "image/svg+xml", body: own("icon.svg") }],
    ["/page.css", { type: "text/css; charset=utf-8", body: bundled("page.css") }],
    ["/page.js", { type: "text/javascript; charset=utf-8", body: bundled("main.js") }],
  ]);
}
