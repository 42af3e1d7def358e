import { type OverloadedError, raises, type Service, serviceFn } from "@sluice/core";
import { expectTypeOf } from "vitest";
import { type Reconnect, reconnect } from "../src/index.ts";

class ConnectError extends Error {
  readonly code = "CONNECT";
}
class QueryError extends Error {
  readonly code = "QUERY";
}

const made = serviceFn((sql: string) => sql.length, raises<QueryError>());
const db = reconnect(
  () => Promise.resolve(made),
  { isBroken: (failure) => failure instanceof ConnectError },
  raises<ConnectError>(),
);
expectTypeOf(db).toEqualTypeOf<Reconnect<string, number, QueryError | ConnectError | OverloadedError>>();
expectTypeOf(db).toExtend<Service<string, number, QueryError | ConnectError | OverloadedError>>();

expectTypeOf(reconnect(() => made)).toEqualTypeOf<Reconnect<string, number, QueryError | OverloadedError>>();

reconnect(() => made, { close: (service) => expectTypeOf(service).toEqualTypeOf<typeof made>() });

// @ts-expect-error what is made is no service
reconnect(() => Promise.resolve(1));
// @ts-expect-error there is no such option
reconnect(() => made, { isbroken: () => true });
// @ts-expect-error whether it is broken is known at once
reconnect(() => made, { isBroken: () => Promise.resolve(true) });
// @ts-expect-error it takes text
void db.call(1);
// @ts-expect-error a counter is not to be set
db.attempts = 0;
