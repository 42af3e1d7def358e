import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");

/** The types of events that the sources of a package emit. */
function announcedIn(source: string): string[] {
  return [...source.matchAll(/(?:emit\(\{|\.tell\()\s*(?:type: )?"([a-z-]+)"/g)].map(([, type]) => type!);
}

test("what layers announce stands in the table of docs/observability.md", () => {
  const page = readFileSync(join(root, "docs/observability.md"), "utf8");
  const [, section = ""] = /^## What layers announce$(.*?)^## /ms.exec(page) ?? [];
  const listed = [...section.matchAll(/^\| ((?:`[a-z-]+`(?:, )?)+)\s*\|/gm)].flatMap(([, types]) =>
    [...types!.matchAll(/`([a-z-]+)`/g)].map(([, type]) => type!),
  );
  const announced = readdirSync(join(root, "packages")).flatMap((noun) => {
    const sources = join(root, "packages", noun, "src");
    return readdirSync(sources, { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .flatMap((file) => announcedIn(readFileSync(join(sources, file), "utf8")));
  });
  expect(announced).toContain("shed");
  expect(announced).toContain("conflict");
  expect([...new Set(announced)].filter((type) => !listed.includes(type))).toStrictEqual([]);
});
