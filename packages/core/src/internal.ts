/**
 * What only our own packages may touch: how layers hand each other reservations. It may change in any release; what authors of
 * layers need is at `@sluice/core/kit`.
 */
export { noOptions } from "./contract/service.ts";
export { spentAlready } from "./errors/permit-spent-error.ts";
export { recovering } from "./compose/recover-readiness.ts";
export { type AnswerSlot, AnswerSlots, type Counts, type Notes } from "./gate/answer-slot.ts";
export { type Slot, SlotPool } from "./gate/slot.ts";
export { giveSlots } from "./gate/slot-source.ts";
export { leaveRefusal, peekRefusal } from "./errors/refusal.ts";
export { passageNumber } from "./kit/cached-time.ts";
export { isVirtual } from "./kit/fake-timers.ts";
export { ask } from "./stack/ask.ts";
export { Asker, type Stack } from "./stack/asker.ts";
export { around } from "./stack/around.ts";
export { handUp } from "./stack/hand-up.ts";
export type { Asked, Held } from "./stack/leak-watch.ts";
export { leakWatch } from "./stack/leak-watch.ts";
export { observe } from "./stack/observe.ts";
export type { Behaviour } from "./stack/reservation.ts";
export { Reservation, nothing, wrapped } from "./stack/reservation.ts";
export { stackOf, stackService } from "./stack/stack.ts";
