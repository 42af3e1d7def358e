import { type Service, ServiceBuilder } from "@sluice/core";
import { concurrencyLimit } from "@sluice/limit";
import { boxed, routingTable } from "@sluice/util-box";
import { answer, type Call, oneByOne } from "../harness/calls.ts";
import { type Group, perCall, type Question } from "../harness/question.ts";

const route = () => new ServiceBuilder().layer(concurrencyLimit(10)).serviceFn(answer);

function byHand(count: number): Call {
  const routes = new Map(Array.from({ length: count }, (_, key) => [key, route()]));
  return (request) => routes.get(request % count)?.call(request) ?? Promise.reject(new Error("no such route"));
}

function table(count: number): Call {
  const routes = new Map<number, Service<number, number, unknown>>(
    Array.from({ length: count }, (_, key) => [key, boxed(route())]),
  );
  const service = routingTable({ key: (request: number) => request % count, routes });
  return (request) => service.call(request);
}

const of = (count: number): Group => ({
  title: count === 1 ? "1 route" : `${count.toLocaleString("en")} routes`,
  columns: perCall,
  reference: "map by hand",
  variants: [
    oneByOne("bare", "bare", () => answer),
    oneByOne("map by hand", "hand", () => byHand(count)),
    oneByOne("routingTable", "sluice", () => table(count)),
  ],
});

export const question: Question = {
  title: "What does a routing table cost, with 1, 10 and 10,000 routes?",
  about:
    "Each route is a concurrency limit around the work; calls go to all in turn. By hand: a map of the same services.",
  groups: [1, 10, 10_000].map(of),
};
