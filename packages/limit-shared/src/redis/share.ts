import type { ShareAnswer, ShareAsk } from "../store/store.ts";
import { limitKey } from "./limit-key.ts";
import { readCount, readReply } from "./reply.ts";
import { run, type Send } from "./script.ts";
import { shareScript } from "./share-script.ts";

/** Asks the server for slots of a shared concurrency limit. */
export async function share(send: Send, prefix: string, key: string, ask: ShareAsk): Promise<ShareAnswer> {
  const slots = limitKey(prefix, key, "slots");
  const { member, number, keep, want, ttl, max } = ask;
  const echo = `${slots} ${member} ${number}`;
  const args = [member, ...[number, keep, want, ttl, max].map(String), echo];
  const reply = await run(send, shareScript, [slots], args);
  const [more, level, lacking, older, fence, members, other] = readReply("share", reply, echo, 6);
  return {
    // The script never grants more than `want`.
    more: readCount("share", more, Math.max(0, want - keep)),
    level: readCount("share", level),
    lacking: readCount("share", lacking),
    older: readCount("share", older),
    fence: readCount("share", fence),
    members: readCount("share", members),
    conflict: other === undefined ? undefined : { max: readCount("share", other) },
  };
}
