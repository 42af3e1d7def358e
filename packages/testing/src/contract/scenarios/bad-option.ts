import { show } from "@sluice/core/kit";
import { type Breach, breachOf } from "../promises/breach.ts";

/** A bad option, and a function that constructs the layer with it. The error must name the option and the value. */
export interface BadOption {
  /** The name of the option: `"max"`. */
  readonly option: string;
  /** The value that must be refused. */
  readonly value: unknown;
  readonly make: (value: never) => unknown;
}

/** Constructs the layer with a bad option. Returns the breach, or undefined where the option is refused as it must be. */
export function checkBadOption(bad: BadOption | (() => unknown), index: number): Breach | undefined {
  const what = typeof bad === "function" ? `badOptions[${index}]` : `${bad.option} ${show(bad.value)}`;
  try {
    if (typeof bad === "function") bad();
    else bad.make(bad.value as never);
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof RangeError)) {
      return breachOf(
        "refused",
        `${what} was refused with something other than a TypeError or a RangeError: ${show(error)}`,
      );
    }
    const { message } = error;
    const missing = typeof bad === "function" ? unnamed(message) : unnamed(message, bad);
    if (missing === undefined) return undefined;
    return breachOf("refused", `${what} was refused, but the error does not name the ${missing}: ${message}`);
  }
  return breachOf("refused", `${what} was not refused at construction`);
}

function unnamed(message: string, bad?: BadOption): "option" | "value" | undefined {
  if (bad === undefined) return namesAValue.test(message) ? undefined : "value";
  if (!message.includes(bad.option)) return "option";
  const named = isPlain(bad.value) ? message.includes(show(bad.value)) || message.includes(String(bad.value)) : true;
  return named ? undefined : "value";
}

/** Whether there is one way to show the value, so that the message must contain it. */
function isPlain(value: unknown): boolean {
  return value === null || (typeof value !== "object" && typeof value !== "function");
}

/** Matches a message that names some value: a number, a quoted string or the name of a kind of value, with text before it. */
const namesAValue =
  /\S.*(?:[-\d"'`]|\b(?:undefined|null|true|false|NaN|Infinity|Symbol|objects?|functions?|arrays?|strings?|getter)\b)/s;
