import type { TakeAnswer, TakeAsk } from "../store/store.ts";
import { limitKey } from "./limit-key.ts";
import { readCount, readNumber, readReply } from "./reply.ts";
import { run, type Send } from "./script.ts";
import { takeScript } from "./take-script.ts";

/** Asks the server for tokens of a shared rate. */
export async function take(send: Send, prefix: string, key: string, ask: TakeAsk): Promise<TakeAnswer> {
  const bucket = limitKey(prefix, key, "bucket");
  const echo = `${bucket} ${ask.member} ${ask.number}`;
  const { limit, interval, burst, count, ahead, debt, unused, number } = ask;
  const numbers = [limit, interval, burst, count, ahead, debt, unused].map(String);
  const args = [...numbers, ask.stamp, ask.member, String(number), ask.fresh, echo];
  const reply = await run(send, takeScript, [bucket, limitKey(prefix, key, "members")], args);
  const [granted, first, stamp = "", members, ...others] = readReply("take", reply, echo, 4);
  return {
    granted: readCount("take", granted, count),
    first: readNumber("take", first),
    stamp,
    members: readCount("take", members),
    conflict: others.length === 0 ? undefined : readTerms(others),
  };
}

function readTerms(others: readonly string[]): TakeAnswer["conflict"] {
  const [limit, interval, burst] = others;
  return {
    limit: readNumber("take", limit),
    interval: readNumber("take", interval),
    burst: readNumber("take", burst),
  };
}
