import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { onTestFinished, vi } from "vitest";

/** An empty folder, removed when the test has ended. */
export function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "sluice-program-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A shell script at this path. */
export function writeProgram(path: string, script: string): string {
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** The PATH has only these folders, until the test has ended. */
export function usePath(...folders: readonly string[]): void {
  vi.stubEnv("PATH", folders.join(delimiter));
  onTestFinished(() => void vi.unstubAllEnvs());
}

/** The programs that the stand-ins start. */
const tools = "PATH=/usr/bin:/bin";

/**
 * An apt-get and a dpkg-deb on a separate PATH. Each apt-get writes its arguments as a line of `said`, and then runs `apt`, with the
 * command (download, update) in $command. A downloaded package is unpacked to `usr/bin/tool`, a program that prints "tool 1".
 */
export function debianOf(apt: string): { readonly said: string; readonly path: string } {
  const path = emptyFolder();
  const said = join(path, "said");
  writeProgram(
    join(path, "apt-get"),
    `${tools}
[ "$1" = --version ] && exit 0
echo "$@" >> ${said}
for each in "$@"; do case $each in download|update) command=$each;; esac; done
${apt}`,
  );
  writeProgram(
    join(path, "dpkg-deb"),
    `${tools}
[ "$1" = --version ] && exit 0
mkdir -p "$3/usr/bin"
printf '#!/bin/sh\\necho tool 1\\n' > "$3/usr/bin/tool"
chmod +x "$3/usr/bin/tool"`,
  );
  usePath(path);
  return { said, path };
}
