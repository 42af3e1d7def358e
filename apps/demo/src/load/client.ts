import { Agent, request } from "node:http";
import { clientHeader, important, loadHeader, priorityHeader } from "./messages.ts";
import type { Ending } from "./tally.ts";

const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY, maxFreeSockets: 256 });
let nth = 0;

/** Who asks, and whether it is important. */
export interface Asker {
  readonly client: string;
  readonly isImportant: boolean;
}

/** Asks once, and leaves when `patience` milliseconds have passed. Never fails: what went wrong is the ending. */
export function ask(
  port: number,
  path: string,
  patience: number,
  ended: (ending: Ending) => void,
  asker?: Asker,
): void {
  const id = String(++nth);
  let over = false;
  const end = (ending: Ending) => {
    if (over) return;
    over = true;
    clearTimeout(timer);
    ended(ending);
  };
  const sent = request(
    {
      agent,
      host: "127.0.0.1",
      port,
      path: `${path}?id=${id}`,
      headers: {
        "x-timeout-ms": String(Math.ceil(patience)),
        [loadHeader]: "1",
        ...(asker === undefined ? {} : { [clientHeader]: asker.client }),
        ...(asker?.isImportant === true ? { [priorityHeader]: important } : {}),
      },
    },
    (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (text: string) => (body += text));
      response.on("end", () => end(endingOf(response.statusCode ?? 0, body, id)));
      response.on("error", () => end("failed"));
    },
  );
  sent.on("error", () => end("failed"));
  sent.end();
  const timer = setTimeout(() => {
    end("timedOut");
    sent.destroy();
  }, patience);
}

/** Good is an answer to what was asked, no estimate, and no other 200. */
export function endingOf(status: number, body: string, id: string): Ending {
  if (status === 429 || status === 503) return "refused";
  if (status === 504) return "timedOut";
  if (status !== 200) return "failed";
  try {
    const answer = JSON.parse(body) as { id?: unknown; estimated?: unknown };
    if (answer.id !== id) return "failed";
    return answer.estimated === true ? "estimated" : "good";
  } catch {
    return "failed";
  }
}
