/** The options of a piece of work. */
export interface WorkOptions {
  readonly signal?: AbortSignal | undefined;
}

/** The type of the work, and of the hand-written code around it. */
export type Work<Req, Res> = (request: Req, options?: WorkOptions) => Promise<Res>;
