import type { Flow, Frame, SideFrame } from "../live/frame.ts";
import { draw, element, find, say } from "./dom.ts";
import { duration, short } from "./figures.ts";

interface Outcome {
  readonly name: string;
  readonly sign: string;
  readonly words: string;
  readonly of: (flow: Flow) => number;
}

/** How requests end for their clients, the best first. Each has a sign and a pattern, not only a colour. */
const outcomes: readonly Outcome[] = [
  { name: "good", sign: "✓", words: "in time", of: ({ good }) => good },
  { name: "estimated", sign: "≈", words: "with an estimate", of: ({ estimated }) => estimated },
  { name: "refused", sign: "↩", words: "refused at once", of: ({ refused }) => refused },
  { name: "lost", sign: "✕", words: "no answer in 1 s, or an error", of: ({ timedOut, failed }) => timedOut + failed },
];

/** What clients get, of each gateway. */
export function score(): (frame: Frame) => void {
  const layered = board(find("[data-side=layered]"));
  const plain = board(find("[data-side=plain]"));
  return (frame) => {
    // Bars of one scale, so that they can be compared.
    const most = Math.max(frame.layered.flow.offered, frame.plain.flow.offered, 1);
    layered(frame.layered, most);
    plain(frame.plain, most);
  };
}

function board(article: HTMLElement): (side: SideFrame, most: number) => void {
  const big = element("b", "", "–");
  const bar = element("div", "bar");
  bar.setAttribute("aria-hidden", "true");
  const list = element("ul", "outcomes");
  const parts = outcomes.map(({ name, sign, words }) => {
    const part = bar.appendChild(element("i", name));
    const figure = element("b", "", "–");
    const signed = element("span", `sign ${name}`, sign);
    signed.setAttribute("aria-hidden", "true");
    list.append(element("li", "", signed, figure, ` ${words}`));
    return { part, figure };
  });
  article.append(
    element("p", "big", big, element("span", "", "answered in time, a second"), element("small", "", "")),
    bar,
    list,
  );
  const asked = find(".big small", article);
  return ({ flow, p50, p99 }, most) => {
    say(big, short(flow.good));
    say(asked, `of ${short(flow.offered)} asked for. Median ${duration(p50)}, p99 ${duration(p99)}`);
    for (const [index, { of }] of outcomes.entries()) {
      const { part, figure } = parts[index]!;
      draw(part, "--share", (of(flow) / most).toFixed(4));
      say(figure, short(of(flow)));
    }
  };
}
