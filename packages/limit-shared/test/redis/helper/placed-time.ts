import type { Send } from "../../../src/redis/script.ts";
import { shareScript } from "../../../src/redis/share-script.ts";
import { takeScript } from "../../../src/redis/take-script.ts";

/**
 * Sends the scripts with the time put in place of TIME, and keys that end in that time: what the server answers depends on nothing else.
 *
 * @param microseconds what the time is: since the epoch
 */
export async function placedTime(send: Send, microseconds: () => number): Promise<Send> {
  const digests = new Map<string, string>();
  for (const { text, digest } of [takeScript, shareScript]) {
    digests.set(digest, String(await send(["SCRIPT", "LOAD", placed(text)], "")));
  }
  return (args, key) => {
    const [name, script = "", ...rest] = args;
    const digest = digests.get(script);
    if (name !== "EVALSHA" || digest === undefined) throw new Error(`${name} was not expected`);
    const now = microseconds();
    return send(["EVALSHA", digest, ...rest, String(Math.floor(now / 1e6)), String(now % 1e6)], key);
  };
}

const setFirst = "redis.call('SET', $1, $2)\nredis.call('PEXPIRE', $1, $3)";

function placed(text: string): string {
  const timed = text.replace("redis.call('TIME')", "{ ARGV[#ARGV - 1], ARGV[#ARGV] }");
  // A key that is set with its time to live is set first, and then lives as long as one that has been given it.
  const apart = timed.replaceAll(/redis\.call\('SET', (KEYS\[\d\]), (\w+), 'PX', (\w+)\)$/gm, setFirst);
  const ending = apart.replaceAll(
    /redis\.call\('PEXPIRE', (KEYS\[\d\]), (.+)\)$/gm,
    "redis.call('SET', 'ends ' .. $1, string.format('%.17g', now + $2))",
  );
  if (timed === text || ending === timed || /'PX'/.test(ending))
    throw new Error("The script asks for no time, or sets none.");
  const second = ending.indexOf("\n", ending.indexOf("local now ="));
  const ended = `
for _, key in ipairs(KEYS) do
  local ends = redis.call('GET', 'ends ' .. key)
  if ends and now >= tonumber(ends) then redis.call('DEL', key) end
end`;
  return ending.slice(0, second) + ended + ending.slice(second);
}
