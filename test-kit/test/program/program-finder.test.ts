import { join } from "node:path";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { programFinder, type ProgramSought } from "@sluice/test-kit/program";
import { emptyFolder, usePath, writeProgram } from "./stand-ins.ts";

const serves = async (path: string) => (path.includes("broken") ? undefined : path);

function finder(sought: Partial<ProgramSought<string>> = {}) {
  return programFinder<string>({
    howToGetOne: "A tool is needed: install it.",
    variable: "SLUICE_SOUGHT",
    names: ["tool", "other-tool"],
    tried: serves,
    fetched: async () => undefined,
    ...sought,
  });
}

beforeEach(() => {
  vi.stubEnv("SLUICE_SOUGHT", undefined);
  vi.stubEnv("CI", undefined);
  return () => void vi.unstubAllEnvs();
});

describe("a program on the PATH", () => {
  test("is found in the first folder that has it, by its whole path", async () => {
    const [first, second] = [emptyFolder(), emptyFolder()];
    const wanted = writeProgram(join(first, "tool"), "");
    writeProgram(join(second, "tool"), "");
    usePath(first, second);
    expect(await finder().here()).toBe(wanted);
  });

  test("is passed over where it does not serve", async () => {
    const [first, second] = [join(emptyFolder(), "broken"), emptyFolder()];
    writeProgram(join(first, "tool"), "");
    const wanted = writeProgram(join(second, "other-tool"), "");
    usePath(first, second);
    expect(await finder().here()).toBe(wanted);
  });

  test("is looked for once, whoever asks", async () => {
    usePath();
    const fetched = vi.fn<() => Promise<string>>(async () => "/fetched");
    const program = finder({ fetched });
    expect(await Promise.all([program.find(), program.need(), program.forTests("tests")])).toEqual(
      Array(3).fill("/fetched"),
    );
    expect(fetched).toHaveBeenCalledOnce();
  });

  test("may be named by its whole path, which no PATH has", async () => {
    usePath();
    const wanted = writeProgram(join(emptyFolder(), "elsewhere"), "");
    expect(await finder({ names: ["tool", wanted] }).here()).toBe(wanted);
  });
});

describe("the variable", () => {
  test("goes before the PATH", async () => {
    const folder = emptyFolder();
    writeProgram(join(folder, "tool"), "");
    usePath(folder);
    vi.stubEnv("SLUICE_SOUGHT", "/named/tool");
    expect(await finder().find()).toBe("/named/tool");
  });

  test("is wrong where what it names does not serve: no other is taken", async () => {
    const folder = emptyFolder();
    writeProgram(join(folder, "tool"), "");
    usePath(folder);
    vi.stubEnv("SLUICE_SOUGHT", "/broken/tool");
    await expect(finder().find()).rejects.toThrow("SLUICE_SOUGHT: /broken/tool");
    await expect(finder().forTests("tests")).rejects.toThrow("SLUICE_SOUGHT: /broken/tool");
  });
});

describe("where there is no program", () => {
  beforeEach(() => usePath());

  test("nothing is fetched by who only looks", async () => {
    const fetched = vi.fn<() => Promise<string>>(async () => "/fetched");
    expect(await finder({ fetched }).here()).toBeUndefined();
    expect(fetched).not.toHaveBeenCalled();
  });

  test("tests are skipped with a line that says so, how to get one, and why none could be fetched", async () => {
    const warn = vi.spyOn(console, "warn").mockReturnValue();
    const program = finder({ fetched: () => Promise.reject(new Error("the disk is full")) });
    expect(await program.forTests("tests of tools")).toBeUndefined();
    const [line] = warn.mock.lastCall as [string];
    for (const part of ["SKIPPED: tests of tools", "install it", "the disk is full"]) expect(line).toContain(part);
  });

  test("tests fail in CI", async () => {
    vi.stubEnv("CI", "true");
    const program = finder({ fetched: () => Promise.reject(new Error("the disk is full")) });
    await expect(program.forTests("tests of tools")).rejects.toThrow(/install it[^]*the disk is full/);
  });

  test("who needs one fails everywhere", async () => {
    await expect(finder().need()).rejects.toThrow("install it");
  });
});
