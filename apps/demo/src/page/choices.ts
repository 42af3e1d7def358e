import { ask } from "./ask.ts";
import { element } from "./dom.ts";

export interface Choice {
  readonly value: string;
  readonly words: string;
  /** What is asked of the server. */
  readonly post: string;
}

export interface Choices {
  readonly root: HTMLFieldSetElement;
  /** Shows what the server says is the case. */
  show(value: string): void;
}

/** One of several, as radio buttons: the arrow keys go from one to the next. `what` is how the status line calls it. */
export function choices(name: string, legend: string | Node, what: string, all: readonly Choice[]): Choices {
  let asking = 0;
  const row = element("div", "choices");
  const inputs = all.map(({ value, words, post }) => {
    const input = element("input");
    Object.assign(input, { type: "radio", name, value });
    input.addEventListener("change", () => {
      asking++;
      void ask(post, `${what}: ${words.replace(/^\W+/, "")}.`).finally(() => asking--);
    });
    row.append(element("label", "", input, element("span", "", words)));
    return input;
  });
  const root = element("fieldset", "", element("legend", "", legend), row);
  root.dataset["control"] = name;
  return {
    root,
    show(value) {
      // What was chosen just now is not yet in what the server says.
      if (asking > 0) return;
      for (const input of inputs) if (input.checked !== (input.value === value)) input.checked = input.value === value;
    },
  };
}
