/** What a piece of work is told. */
export interface WorkOptions {
  readonly signal?: AbortSignal | undefined;
}

/** What the hand-written code is put around, and what it is itself. */
export type Work<Req, Res> = (request: Req, options?: WorkOptions) => Promise<Res>;
