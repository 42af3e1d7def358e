import { type OverloadedError, type Service, serviceFn, raises } from "@sluice/core";
import { expectTypeOf } from "vitest";
import { answered, type Failure } from "../src/gateway/answered.ts";
import type { GatewayRequest } from "../src/gateway/gateway-request.ts";

declare const answer: (request: GatewayRequest) => Response;

class ForgottenError extends Error {
  readonly code = "ERR_FORGOTTEN";
}

expectTypeOf(answered(serviceFn(answer, raises<Failure>()))).toEqualTypeOf<Service<GatewayRequest, Response, never>>();
answered(serviceFn(answer, raises<OverloadedError>()));

// @ts-expect-error nobody at the edge has an answer for this failure
answered(serviceFn(answer, raises<ForgottenError>()));
