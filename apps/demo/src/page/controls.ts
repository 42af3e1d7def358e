import type { Condition, Frame, LiveRoute } from "../live/frame.ts";
import { element, find, say } from "./dom.ts";

interface Choice {
  readonly value: string;
  readonly words: string;
  /** What is asked of the server. */
  readonly post: string;
}

const loads: readonly Choice[] = [
  { value: "0.6", words: "Calm ×0.6", post: "/load?times=0.6" },
  { value: "1.5", words: "Rush ×1.5", post: "/load?times=1.5" },
  { value: "3", words: "Flood ×3", post: "/load?times=3" },
];

const slowFactor = 5;

/** What a backend can be. Up again is a new process, where the old one is gone or deaf. */
function conditionsOf(route: LiveRoute): readonly (Choice & { readonly value: Condition["kind"] })[] {
  return [
    { value: "up", words: "● Up", post: `/${route}?factor=1` },
    { value: "slow", words: `◔ ${slowFactor}× slower`, post: `/${route}?factor=${slowFactor}` },
    { value: "silent", words: "◌ Silent", post: `/${route}?freeze=60000` },
    { value: "killed", words: "✕ Killed", post: `/${route}?kill` },
  ];
}

/** The controls, which show what the server says is the case. */
export function controls(): (frame: Frame) => void {
  const section = find("#controls");
  const anew = find<HTMLButtonElement>("#anew");
  const load = choices(find<HTMLFieldSetElement>("[data-control=load]"), "load", loads, "The load");
  const backends = new Map<LiveRoute, ReturnType<typeof choices>>();
  anew.addEventListener("click", () => {
    anew.disabled = true;
    void post("/anew", "Everything is started over.").finally(() => (anew.disabled = false));
  });
  return ({ times, conditions }) => {
    load(String(times));
    for (const route of Object.keys(conditions) as LiveRoute[]) {
      let backend = backends.get(route);
      if (backend === undefined) {
        const fieldset = element("fieldset", "", element("legend", "", "Backend of ", element("b", "", route)));
        fieldset.dataset["control"] = route;
        section.insertBefore(fieldset, anew);
        backend = choices(fieldset, route, conditionsOf(route), `The backend of ${route}`);
        backends.set(route, backend);
      }
      backend(conditions[route].kind);
    }
  };
}

/** One of several, as radio buttons: the arrow keys go from one to the next. */
function choices(
  fieldset: HTMLFieldSetElement,
  name: string,
  all: readonly Choice[],
  what: string,
): (value: string) => void {
  let asking = 0;
  const row = element("div", "choices");
  const inputs = all.map(({ value, words, post: path }) => {
    const input = element("input");
    Object.assign(input, { type: "radio", name, value });
    input.addEventListener("change", () => {
      asking++;
      void post(path, `${what}: ${words.replace(/^\W+/, "")}.`).finally(() => asking--);
    });
    row.append(element("label", "", input, element("span", "", words)));
    return input;
  });
  fieldset.append(row);
  return (value) => {
    // What was chosen just now is not yet in what the server says.
    if (asking > 0) return;
    for (const input of inputs) if (input.checked !== (input.value === value)) input.checked = input.value === value;
  };
}

async function post(path: string, done: string): Promise<void> {
  const status = find("#status");
  try {
    const { ok } = await fetch(path, { method: "POST" });
    say(status, ok ? done : "That could not be done.");
  } catch {
    say(status, "The demo does not answer.");
  }
}
