import { readFileSync } from "node:fs";
import { defineConfig } from "tsup";

// Runs in the folder of the package that is built. What to build is what the package exports.
const { name, exports } = JSON.parse(readFileSync("package.json", "utf8")) as {
  name: string;
  exports: Record<string, string>;
};

export default defineConfig({
  entry: Object.values(exports),
  format: ["esm", "cjs"],
  target: "es2022",
  platform: "neutral",
  // A permit is a `Disposable`. Consumers whose `lib` lacks that type get it from here; without it the declarations would
  // not compile. In the sources it would not do: it counts only in the first lines of a file.
  // In core, members that are marked `@internal` are left out. In other packages exported classes implement internal interfaces.
  dts: {
    banner: `/// <reference lib="esnext.disposable" />`,
    compilerOptions: { stripInternal: name === "@sluice/core" },
  },
  clean: true,
  sourcemap: true,
  // `node:async_hooks` keeps its prefix: without it only Node finds it.
  removeNodeProtocol: false,
  // A package may import itself by name.
  external: [/^node:/, /^@sluice\//],
  // Entry points share their modules instead of each carrying a copy: module state exists once.
  splitting: true,
  // CommonJS is made of the chunks by rollup. tsup would use sucrase, which lowers classes until they have no name, and
  // `?.` to a function call.
  treeshake: true,
});
