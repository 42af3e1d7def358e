import { inLine } from "../harness/line.ts";
import type { Question } from "../harness/question.ts";

export const question: Question = {
  title: "And where a million wait?",
  about:
    "As above. Those are left out whose lines are searched or moved at every step (cockatiel, Effect), and those that would take minutes.",
  groups: [inLine(1_000_000)],
};
