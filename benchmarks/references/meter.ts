import type { Work } from "./work.ts";

/**
 * The least that counts calls: how many run and how many were answered, seen in a promise that is handed on. It leaves out who waits,
 * holds a permit or is refused, how calls fail, and work that goes on after its answer.
 */
export function countedByHand<Req, Res>(work: Work<Req, Res>): Work<Req, Res> {
  const counts = { active: 0, answers: 0 };
  const left = (): void => {
    counts.active--;
    counts.answers++;
  };
  const answered = (response: Res): Res => {
    left();
    return response;
  };
  const failed = (reason: unknown): never => {
    left();
    throw reason;
  };
  return (request, options) => {
    counts.active++;
    return work(request, options).then(answered, failed);
  };
}

/** The same, and how long calls took, all together. */
export function timedByHand<Req, Res>(work: Work<Req, Res>): Work<Req, Res> {
  const counts = { active: 0, sum: 0 };
  return (request, options) => {
    counts.active++;
    const since = performance.now();
    const left = (): void => {
      counts.active--;
      counts.sum += performance.now() - since;
    };
    return work(request, options).then(
      (response) => {
        left();
        return response;
      },
      (reason: unknown) => {
        left();
        throw reason;
      },
    );
  };
}
