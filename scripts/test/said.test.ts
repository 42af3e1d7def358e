import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { untrue } from "../steps/docs/said.ts";

const folder = mkdtempSync(join(tmpdir(), "sluice-said-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** What is wrong with a page of one line that prints `texts`. */
function wrongOf(line: string, ...texts: string[]): string[] {
  const file = join(folder, "printed");
  writeFileSync(file, texts.map((text) => `${JSON.stringify({ line: 1, text })}\n`).join(""));
  return untrue("page.md", [line], file);
}

test.each([
  ["console.log(a); // 1", "1"],
  ["console.log(a); // 1: the first", "1"],
  ["console.log(a); // rate …: a little less than 50", "rate 49.97"],
  ["console.log(a); // [ 1, 2 ]", "[\n  1,\n  2\n]"],
  ["  if (b) console.log(a); // true", "true"],
  ["console.log(a);", "anything"],
  ["const a = 1; // 2", ""],
])("%s is true of what prints %j", (line, text) => {
  expect(wrongOf(line, text)).toEqual([]);
});

test("a comment is true where one of several turns prints it", () => {
  expect(wrongOf("console.log(a); // 2", "1", "2")).toEqual([]);
});

test.each([
  ["console.log(a); // 1", "2"],
  ["console.log(a); // 1 and more", "1"],
  ["console.log(a); // rate …", "capacity 5"],
])("%s is untrue of what prints %j", (line, text) => {
  expect(wrongOf(line, text)).toEqual([
    expect.stringMatching(/^page\.md:1: the comment says ".*", and .* was printed$/),
  ]);
});

test("what is never printed is untrue, too", () => {
  expect(untrue("page.md", ["console.log(a); // 1"], join(folder, "nothing was written"))).toEqual([
    'page.md:1: the comment says "1", and nothing was printed',
  ]);
});
