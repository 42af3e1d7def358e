import { requireNumber, requireObject, show } from "@sluice/core/kit";

const owner = "store";

/** Reads the members of an answer one by one, for a store may have answered with anything. Throws an error that names the wrong member. */
export class AnswerReader {
  private readonly answer: Readonly<Record<string, unknown>>;

  constructor(answer: unknown) {
    requireObject(owner, "its answer", answer);
    this.answer = answer as Readonly<Record<string, unknown>>;
  }

  /** A whole number from 0 to `max`. */
  whole(name: string, max: number = Number.MAX_SAFE_INTEGER): number {
    return requireNumber(owner, name, this.answer[name], { min: 0, max, integer: true });
  }

  /** A number. */
  number(name: string, max: number): number {
    return requireNumber(owner, name, this.answer[name], { min: -Number.MAX_VALUE, max });
  }

  text(name: string): string {
    const value = this.answer[name];
    if (typeof value !== "string") throw new TypeError(`${owner}: ${name} must be a string; received ${show(value)}`);
    return value;
  }

  /** A whole number of 1 or more; undefined where it is anything else. */
  members(): number | undefined {
    const { members } = this.answer;
    return typeof members === "number" && Number.isSafeInteger(members) && members > 0 ? members : undefined;
  }

  /** The options of another member, where they differ; undefined otherwise. */
  conflict(): object | undefined {
    const { conflict } = this.answer;
    return typeof conflict === "object" && conflict !== null ? conflict : undefined;
  }
}
