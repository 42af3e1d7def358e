import { ask } from "./client.ts";

/**
 * What a backend can do: a few clients ask it directly, each again as soon as it has its answer, so that it is always
 * busy and never has a long queue. Answers with good answers a second.
 */
export async function capacityOf(port: number, clients: number, ms: number): Promise<number> {
  const began = performance.now();
  // Until all clients are there it is not busy yet.
  const from = began + Math.min(200, ms / 5);
  const until = began + ms;
  let good = 0;
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (performance.now() < until) {
        const ending = await new Promise((resolve) => ask(port, "/", 2000, resolve));
        const now = performance.now();
        if (ending === "good" && now >= from && now < until) good++;
        // Refused: a moment's rest, as a quota is not served any faster by asking more often.
        if (ending !== "good") await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }),
  );
  return (good * 1000) / (until - from);
}
