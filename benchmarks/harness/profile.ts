// Shows where a variant spends its time and its bytes:  pnpm bench:profile toolkit circuitBreaker "cockatiel, sampling"
import { fork } from "node:child_process";
import { once } from "node:events";
import { type HeapProfiler, type Profiler, Session } from "node:inspector/promises";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { questions } from "./ask.ts";
import { installPeers } from "./peers.ts";
import type { Question, Subject, Variant } from "./question.ts";

const [question = "", ...names] = process.argv.slice(2);
const rows = 14;
/** How long each variant runs, in ms of CPU time. */
const long = 2_000;

if (process.send === undefined) {
  if (!questions.includes(question) || names.length === 0) {
    console.error(
      `Name a question and its variants, as they stand in its table. The questions: ${questions.join(", ")}`,
    );
    process.exit(2);
  }
  installPeers();
  const preload = ["--import", pathToFileURL(join(import.meta.dirname, "built.ts")).href, "--expose-gc"];
  for (const name of names) {
    const child = fork(import.meta.filename, [question, name], { execArgv: [...preload, "--max-semi-space-size=128"] });
    const [status] = await once(child, "exit");
    if (status !== 0) process.exit(1);
  }
} else {
  const file = pathToFileURL(join(import.meta.dirname, "../questions", `${question}.ts`)).href;
  const { groups } = ((await import(file)) as { question: Question }).question;
  const found = groups.flatMap(({ variants }) => variants).find(({ name }) => name === names[0]);
  if (found === undefined) throw new RangeError(`There is no variant "${names[0]}".`);
  await profile(found);
  process.exit();
}

async function profile({ name, prepare }: Variant): Promise<void> {
  const subject = await prepare();
  await run(subject);
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.setSamplingInterval", { interval: 200 });
  await session.post("Profiler.start");
  await run(subject);
  const { profile: time } = await session.post("Profiler.stop");
  const collected = { includeObjectsCollectedByMajorGC: true, includeObjectsCollectedByMinorGC: true };
  await session.post("HeapProfiler.startSampling", { samplingInterval: 4_096, ...collected });
  await run(subject);
  const { profile: bytes } = await session.post("HeapProfiler.stopSampling");
  const figures = await subject.once?.();
  console.log(`${name}: ${Math.round(figures?.["bytes"] ?? Number.NaN)} bytes a call\n`);
  print("time", timeByFunction(time));
  print("bytes", bytesByFunction(bytes.head));
}

async function run(subject: Subject): Promise<void> {
  const begin = process.cpuUsage();
  for (let spent = 0; spent < long;) {
    await subject.round?.();
    const { user, system } = process.cpuUsage(begin);
    spent = (user + system) / 1_000;
  }
}

type Shares = Map<string, number>;

function add(shares: Shares, name: string, share: number): void {
  shares.set(name, (shares.get(name) ?? 0) + share);
}

/** Inlined code counts for the function that contains it. */
function named({ functionName, url, lineNumber }: Profiler.Profile["nodes"][number]["callFrame"]): string {
  const at = url === "" ? "" : ` ${basename(join(url, "../.."))}/${basename(url)}:${lineNumber + 1}`;
  return `${functionName || "(anonymous)"}${at}`;
}

function timeByFunction({ nodes }: Profiler.Profile): Shares {
  const shares: Shares = new Map();
  for (const { callFrame, hitCount = 0 } of nodes) add(shares, named(callFrame), hitCount);
  return shares;
}

function bytesByFunction(node: HeapProfiler.SamplingHeapProfileNode, shares: Shares = new Map()): Shares {
  add(shares, named(node.callFrame), node.selfSize);
  for (const child of node.children) bytesByFunction(child, shares);
  return shares;
}

function print(of: string, shares: Shares): void {
  const sum = [...shares.values()].reduce((one, other) => one + other, 0);
  for (const [name, share] of [...shares].sort(([, one], [, other]) => other - one).slice(0, rows)) {
    if (share / sum >= 0.01) console.log(`${((share / sum) * 100).toFixed(0).padStart(4)} % of ${of}  ${name}`);
  }
  console.log();
}
