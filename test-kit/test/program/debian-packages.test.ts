import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { fromDebian, oneAtATime } from "@sluice/test-kit/program";
import { describe, expect, test, vi } from "vitest";
import { debianOf, emptyFolder, usePath, writeProgram } from "./stand-ins.ts";

const downloads = "[ $command = update ] || touch tool.deb";

async function tried(folder: string): Promise<string | undefined> {
  const tool = join(folder, "usr/bin/tool");
  try {
    return execFileSync(tool, { encoding: "utf8" }).trim() === "tool 1" ? tool : undefined;
  } catch {
    return undefined;
  }
}

const wantedIn = (folder: string) => ({ folder, packages: ["tool", "lib-tool"], tried });
const runs = (said: string) => readFileSync(said, "utf8").trim().split("\n");

describe("a program of Debian's packages", () => {
  test("is unpacked, and nothing else is left", async () => {
    const { said } = debianOf(downloads);
    const cache = emptyFolder();
    const folder = join(cache, "tool");
    expect(await fromDebian(wantedIn(folder))).toBe(join(folder, "usr/bin/tool"));
    expect(readdirSync(cache)).toEqual(["tool"]);
    expect(runs(said)).toEqual([expect.stringMatching(/ download tool lib-tool$/)]);
  });

  test("is there for the next one, also where there is no apt-get any more", async () => {
    debianOf(downloads);
    const folder = join(emptyFolder(), "tool");
    const found = await fromDebian(wantedIn(folder));
    usePath();
    expect(await fromDebian(wantedIn(folder))).toBe(found);
  });

  test("is completed before anybody sees it", async () => {
    debianOf(downloads);
    const folder = join(emptyFolder(), "tool");
    const complete = vi.fn<(made: string) => Promise<void>>(async (made) => {
      expect(existsSync(folder)).toBe(false);
      writeProgram(join(made, "usr/bin/second"), "");
    });
    await fromDebian({ ...wantedIn(folder), complete });
    expect(readdirSync(join(folder, "usr/bin")).sort()).toEqual(["second", "tool"]);
  });

  test("is unpacked anew where what is there does not run", async () => {
    debianOf(downloads);
    const folder = join(emptyFolder(), "tool");
    writeProgram(join(folder, "usr/bin/tool"), "exit 1");
    expect(await fromDebian(wantedIn(folder))).toBe(join(folder, "usr/bin/tool"));
    expect(readdirSync(join(folder, ".."))).toEqual(["tool"]);
  });

  test("is none where there is no apt-get", async () => {
    usePath();
    expect(await fromDebian(wantedIn(join(emptyFolder(), "tool")))).toBeUndefined();
  });
});

describe("when the machine's lists of packages do not serve", () => {
  test("apt-get loads lists of its own, beside those of the machine, and they are gone at the end", async () => {
    const { said } = debianOf(`
for each in "$@"; do case $each in Dir::State::Lists=*) lists=\${each#*=};; esac; done
[ -n "$lists" ] || { echo "Unable to locate package" >&2; exit 100; }
if [ $command = update ]; then echo list > "$lists/list"; else cp "$lists/list" tool.deb; fi`);
    const cache = emptyFolder();
    const folder = join(cache, "tool");
    expect(await fromDebian(wantedIn(folder))).toBe(join(folder, "usr/bin/tool"));
    expect(runs(said)).toHaveLength(3);
    expect(readdirSync(cache)).toEqual(["tool"]);
  });

  test("an update that fails in part is no reason to stop", async () => {
    debianOf(`case "$@" in *Lists=*update*) exit 100;; *Lists=*) touch tool.deb;; *) exit 100;; esac`);
    const folder = join(emptyFolder(), "tool");
    expect(await fromDebian(wantedIn(folder))).toBe(join(folder, "usr/bin/tool"));
  });

  test("the error has what apt-get said, to both, and nothing is left", async () => {
    debianOf("echo no $command here >&2; exit 100");
    const cache = emptyFolder();
    await expect(fromDebian(wantedIn(join(cache, "tool")))).rejects.toThrow(/no update here[^]*no download here/);
    expect(readdirSync(cache)).toEqual([]);
  });

  test("packages that do not hold the program are an error", async () => {
    debianOf(downloads);
    const folder = join(emptyFolder(), "tool");
    await expect(fromDebian({ ...wantedIn(folder), tried: async () => undefined })).rejects.toThrow("lib-tool");
  });
});

describe("at the same time", () => {
  test("it is loaded and unpacked once, and each who asks finds it whole", async () => {
    const { said } = debianOf(`sleep 0.2; ${downloads}`);
    const cache = emptyFolder();
    const folder = join(cache, "tool");
    // Nothing is kept in the process: these calls share only the file system, like separate processes.
    const found = await Promise.all([1, 2, 3].map(() => fromDebian(wantedIn(folder))));
    expect(found).toEqual(Array(3).fill(join(folder, "usr/bin/tool")));
    expect(runs(said)).toHaveLength(1);
    expect(readdirSync(cache)).toEqual(["tool"]);
  });

  test("what another has unpacked meanwhile is left as it is", async () => {
    debianOf(downloads);
    const folder = join(emptyFolder(), "tool");
    // It takes so long that another process has taken it for dead.
    const complete = async () => void writeProgram(join(folder, "usr/bin/tool"), "echo tool 1 # of the other");
    await fromDebian({ ...wantedIn(folder), complete });
    expect(readFileSync(join(folder, "usr/bin/tool"), "utf8")).toContain("of the other");
    expect(readdirSync(join(folder, ".."))).toEqual(["tool"]);
  });

  test("each waits for the one before it, also when that one fails", async () => {
    const path = join(emptyFolder(), "deep/tool");
    let inside = 0;
    const work = async () => {
      expect(++inside).toBe(1);
      await new Promise(setImmediate);
      inside--;
      throw new Error("it fails");
    };
    const all = await Promise.allSettled([1, 2, 3].map(() => oneAtATime(path, work)));
    expect(all.map(({ status }) => status)).toEqual(Array(3).fill("rejected"));
    expect(readdirSync(join(path, ".."))).toEqual([]);
  });

  test("a lock that was left over by a process that was killed is broken", async () => {
    const path = join(emptyFolder(), "tool");
    mkdirSync(`${path}.lock`);
    utimesSync(`${path}.lock`, new Date(0), new Date(0));
    expect(await oneAtATime(path, async () => "done")).toBe("done");
    expect(readdirSync(join(path, ".."))).toEqual([]);
  });

  test("a folder that cannot be written to is an error, and nobody waits", async () => {
    const file = writeProgram(join(emptyFolder(), "file"), "");
    await expect(oneAtATime(join(file, "tool"), async () => "done")).rejects.toThrow(file);
  });
});
