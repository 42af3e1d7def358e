// Writes the members of each package.json that follow from its folder and its exports:  pnpm manifests
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./command.ts";
import { completed, incomplete, manifestOf, workspaceFolders } from "./manifest.ts";

const wrong = workspaceFolders().filter((folder) => incomplete(folder).length > 0);
const files = wrong.map((folder) => join(root, folder, "package.json"));
for (const [index, folder] of wrong.entries()) {
  writeFileSync(files[index]!, JSON.stringify(completed(folder, manifestOf(folder)), null, 2));
}
if (files.length > 0) execFileSync("oxfmt", files, { cwd: root, stdio: "inherit" });
console.log(wrong.length > 0 ? `Written: ${wrong.join(", ")}. Then: pnpm install` : "All is as it should be.");
