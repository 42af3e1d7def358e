import { type OverloadedError, raises, type Service, serviceFn } from "@sluice/core";
import { expectTypeOf } from "vitest";
import { maglev, ring } from "../src/hash/index.ts";
import { type Balance, balance, type ConsistentHash, type EndpointUpdate } from "../src/index.ts";

class QueryError extends Error {
  readonly code = "QUERY";
}
interface Query {
  readonly user: string;
}

const one = serviceFn((query: Query) => query.user.length, raises<QueryError>());
const users = balance({ endpoints: [["a", one] as const, ["b", one, { weight: 2 }] as const] });
expectTypeOf(users).toEqualTypeOf<Balance<typeof one>>();
expectTypeOf(users).toExtend<Service<Query, number, QueryError | OverloadedError>>();
expectTypeOf(balance({ endpoints: new Map([["a", one]]) })).toEqualTypeOf<Balance<typeof one>>();

const later = balance<Service<string, number, never>>({ pick: ring({ key: (request: string) => request }) });
later.add(
  "a",
  serviceFn((text: string) => text.length),
);
expectTypeOf(later.call("x")).resolves.toEqualTypeOf<number>();
expectTypeOf(later).toExtend<Service<string, number, OverloadedError>>();

async function* updates(): AsyncGenerator<EndpointUpdate<typeof one>> {
  yield { add: ["a", one] };
  yield { delete: "a" };
}
expectTypeOf(balance({ endpoints: updates() })).toEqualTypeOf<Balance<typeof one>>();

expectTypeOf(maglev({ key: ({ user }: Query) => user })).toEqualTypeOf<ConsistentHash<Query>>();
balance({ endpoints: [["a", one]], pick: maglev({ key: ({ user }: Query) => user }) });
balance({ endpoints: [["a", one]], classify: (_outcome, { request }) => (request.user === "" ? "ignore" : undefined) });

// @ts-expect-error its key is of other requests
balance({ endpoints: [["a", one]], pick: maglev({ key: (request: number) => request }) });
// @ts-expect-error a key must be text or a number
maglev({ key: (query: Query) => query });
// @ts-expect-error an endpoint is a service
balance({ endpoints: [["a", 1]] });
const numbers = serviceFn((n: number) => n);
// @ts-expect-error it takes text
later.add("b", numbers);
// @ts-expect-error there is no such option
balance({ waitat: 4 });
// @ts-expect-error there is no such load
balance({ load: "least" });
// @ts-expect-error it takes queries
void users.call("ann");
// @ts-expect-error a counter is not to be set
users.pending = 0;
// @ts-expect-error what is known of an endpoint is not to be set
users.endpoints[0]!.pending = 0;
