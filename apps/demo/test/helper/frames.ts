import type { Frame } from "../../src/live/frame.ts";

/** What the server of the live page tells a page, one frame after the other, until the signal. */
export async function* frames(page: string, signal: AbortSignal): AsyncGenerator<Frame> {
  const response = await fetch(`${page}/frames`, { signal });
  let text = "";
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const [, data] = /^event: frame\ndata: (.*)$/s.exec(text.slice(0, end)) ?? [];
      text = text.slice(end + 2);
      if (data !== undefined) yield JSON.parse(data) as Frame;
    }
  }
}

/** The first frame that is as it is wanted. */
export async function frameWhere(from: AsyncGenerator<Frame>, isWanted: (frame: Frame) => boolean): Promise<Frame> {
  for (;;) {
    const { value, done } = await from.next();
    if (done === true) throw new Error("The frames ended.");
    if (isWanted(value)) return value;
  }
}
