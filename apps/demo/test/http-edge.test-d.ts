import { type OverloadedError, type Service, serviceFn, raises } from "@sluice/core";
import { expectTypeOf } from "vitest";
import type { Answer } from "../src/gateway/answer.ts";
import type { GatewayRequest } from "../src/gateway/gateway-request.ts";
import { type Failure, httpEdge } from "../src/gateway/http-edge.ts";

declare const answer: (request: GatewayRequest) => Answer;

class ForgottenError extends Error {
  readonly code = "ERR_FORGOTTEN";
}

expectTypeOf(httpEdge(serviceFn(answer, raises<Failure>()))).toEqualTypeOf<Service<GatewayRequest, Answer, never>>();
httpEdge(serviceFn(answer, raises<OverloadedError>()));

// @ts-expect-error nobody at the edge has an answer for this failure
httpEdge(serviceFn(answer, raises<ForgottenError>()));
