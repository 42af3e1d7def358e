import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "../../..");

/** Programs whose layers do not fit, each a file, and what the compiler must say: the problem, what was asked, what was given. */
const misfits = {
  "requests, at service": {
    program: `new ServiceBuilder().layer(takesText).layer(identity()).service(serviceFn((date: Date) => date));`,
    says: ["a layer maps requests, and the service inside takes others", "number", "Date"],
  },
  "requests, at serviceFn": {
    program: `new ServiceBuilder().layer(identity()).layer(takesText).serviceFn((date: Date) => date);`,
    says: ["a layer maps requests, and the service inside takes others", "number", "Date"],
  },
  "requests, of a middleware": {
    program: `new ServiceBuilder().layer(middleware("m", (url: URL, next) => next(url))).serviceFn((date: Date) => date);`,
    says: ["a layer looks at requests, and the service inside takes others", "URL", "Date"],
  },
  responses: {
    program: `new ServiceBuilder().layer(readsText).serviceFn(() => new Date(0));`,
    says: ["a layer maps responses, and the service inside gives others", "string", "Date"],
  },
  "responses, of an async handler that takes its options apart": {
    program: `new ServiceBuilder().layer(readsText).serviceFn(async (id: string, { signal }) => new Date(signal ? 1 : id));`,
    says: ["a layer maps responses, and the service inside gives others", "string", "Date"],
  },
  "requests, of a layer that recovers": {
    program: `new ServiceBuilder().layer(answersUrls).serviceFn((date: Date) => date);`,
    says: ["a layer that recovers looks at requests, and the service inside takes others", "URL", "Date"],
  },
  failures: {
    program: `new ServiceBuilder().layer(knowsRange).service(serviceFn(() => 1, raises<TypeError & { code: "T" }>()));`,
    says: ["a layer maps failures, and the service inside raises others", "RangeError", "TypeError"],
  },
  "a layer alone": {
    program: `takesText.wrap(serviceFn((date: Date) => date));`,
    says: ["a layer maps requests, and the service inside takes others", "number", "Date"],
  },
};

const declarations = `
import {
  identity, type Layer, type MapsFailure, type MapsRequest, type MapsResponse, middleware, raises, type Recovers, serviceFn,
  ServiceBuilder,
} from ${JSON.stringify(join(root, "packages/core/src/index.ts"))};
declare const takesText: Layer<MapsRequest<string, number>>;
declare const readsText: Layer<MapsResponse<string, number>>;
declare const answersUrls: Layer<Recovers<RangeError, string, URL>>;
declare const knowsRange: Layer<MapsFailure<RangeError & { code: "R" }, Error>>;
void [identity, middleware, raises, serviceFn, ServiceBuilder];
`;

let folder: string;
const messages = new Map<string, string>();

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-misfit-"));
  const names = Object.keys(misfits) as (keyof typeof misfits)[];
  names.forEach((name, index) => {
    writeFileSync(join(folder, `misfit-${index}.mts`), `${declarations}${misfits[name].program}\n`);
  });
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({
      extends: join(root, "tsconfig.base.json"),
      compilerOptions: { typeRoots: [join(root, "node_modules/@types")], noUnusedLocals: false },
      include: ["*.mts"],
    }),
  );
  let output = "";
  try {
    execFileSync(join(root, "node_modules/.bin/tsc"), ["--pretty", "false", "--project", folder], { encoding: "utf8" });
  } catch (error) {
    output = (error as { stdout: string }).stdout;
  }
  for (const block of output.split(/^(?=\S)/m)) {
    const index = /misfit-(\d+)\.mts/.exec(block)?.[1];
    if (index === undefined) continue;
    const name = names[Number(index)]!;
    messages.set(name, `${messages.get(name) ?? ""}${block}`);
  }
}, 60_000);

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe("where layers do not fit, the compiler names what was asked for and what was given", () => {
  test.each(Object.entries(misfits))("%s", (name, { says }) => {
    const message = messages.get(name) ?? "";
    expect(message).toMatch(/error TS\d+/);
    // One error, where the stack is put together.
    expect(message.match(/error TS/g)).toHaveLength(1);
    const [problem, asked, given] = says as [string, string, string];
    const mismatch = /Mismatch<"([^"]+)", (.+?)>(?:'|\W*$)/m.exec(message);
    expect(mismatch?.[1]).toBe(problem);
    expect(mismatch?.[2]).toContain(asked);
    expect(mismatch?.[2]).toContain(given);
  });
});
