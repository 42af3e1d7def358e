import type { Send } from "../../../src/redis/script.ts";
import { shareScript } from "../../../src/redis/share-script.ts";
import { takeScript } from "../../../src/redis/take-script.ts";

/**
 * Sends the scripts with the time put in place of TIME, and keys that end in that time: what the server answers depends on nothing else.
 *
 * @param microseconds what the time is: since the epoch
 */
export function placedTime(send: Send, microseconds: () => number): Send {
  const scripts = new Map([takeScript, shareScript].map(({ text, digest }) => [digest, placed(text)]));
  return (args, key) => {
    const text = scripts.get(String(args[1]));
    if (args[0] !== "EVALSHA" || text === undefined) throw new Error(`${args[0]} was not expected`);
    const now = microseconds();
    const time = [Math.floor(now / 1e6), now % 1e6].map(String);
    return send(["EVAL", text, ...args.slice(2), ...time], key);
  };
}

function placed(text: string): string {
  const timed = text.replace("redis.call('TIME')", "{ ARGV[#ARGV - 1], ARGV[#ARGV] }");
  const ending = timed.replaceAll(
    /redis\.call\('PEXPIRE', (KEYS\[\d\]), (.+)\)$/gm,
    "redis.call('SET', 'ends ' .. $1, string.format('%.17g', now + $2))",
  );
  if (timed === text || ending === timed) throw new Error("The script asks for no time, or sets none.");
  const second = ending.indexOf("\n", ending.indexOf("local now ="));
  const ended = `
for _, key in ipairs(KEYS) do
  local ends = redis.call('GET', 'ends ' .. key)
  if ends and now >= tonumber(ends) then redis.call('DEL', key) end
end`;
  return ending.slice(0, second) + ended + ending.slice(second);
}
