import type { Frame, Point } from "../live/frame.ts";

/** Who is told what the server says. */
export interface Listener {
  /** The points of before; those that are kept are forgotten. */
  begin(points: readonly Point[]): void;
  look(frame: Frame): void;
  /** Whether the server speaks. */
  isThere(there: boolean): void;
}

export interface Stream {
  /** While it pauses, nothing is asked of the server, which lets the load rest when nobody else watches. */
  pause(paused: boolean): void;
}

/** Listens to the server as long as the page can be seen. */
export function listen(listener: Listener): Stream {
  let source: EventSource | undefined;
  let isPaused = false;
  const begin = () => {
    source = new EventSource("/frames");
    source.addEventListener("begin", ({ data }: MessageEvent<string>) => listener.begin(JSON.parse(data) as Point[]));
    source.addEventListener("frame", ({ data }: MessageEvent<string>) => {
      listener.isThere(true);
      listener.look(JSON.parse(data) as Frame);
    });
    // It asks again by itself.
    source.addEventListener("error", () => listener.isThere(false));
  };
  const update = () => {
    const wanted = !isPaused && !document.hidden;
    if (wanted === (source !== undefined)) return;
    if (wanted) return begin();
    source?.close();
    source = undefined;
  };
  document.addEventListener("visibilitychange", update);
  update();
  return {
    pause(paused) {
      isPaused = paused;
      update();
    },
  };
}
