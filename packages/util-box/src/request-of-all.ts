import type { Service } from "@sluice/core";

/** What all of several services take: a request that goes to any of them must suit each. */
export type RequestOfAll<S> = [S] extends [Service<infer Req, infer _Res, infer _Err>] ? Req : never;
