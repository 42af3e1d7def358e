import type { RequestListener } from "node:http";
import { ServiceBuilder } from "@sluice/core";
import { guard } from "@sluice/http/node";
import { concurrencyLimit } from "@sluice/limit";
import { timeout } from "@sluice/timeout";
import express, { type RequestHandler } from "express";
import type { Question } from "../harness/question.ts";
import { connections, served } from "../harness/served.ts";

const limited = () => new ServiceBuilder().layer(concurrencyLimit(connections));
const timed = () => limited().layer(timeout(5_000));
const full = () => new ServiceBuilder().layer(concurrencyLimit(0));

const hello: RequestListener = (_request, response) => response.end("hello");
const helloExpress: RequestHandler = (_request, response) => void response.send("hello");
/** What a server without layers would write: a timer for each request, cleared when its response has closed. */
const timedByHand: RequestListener = (request, response) => {
  const timer = setTimeout(() => response.writeHead(504).end(), 5_000);
  response.once("close", () => clearTimeout(timer));
  hello(request, response);
};
const application = (handler: RequestHandler) => express().disable("etag").get("/items/1", handler) as RequestListener;

const columns = [
  { figure: "rps", label: "requests/s" },
  { figure: "cpu", label: "CPU µs/request", digits: 1 },
] as const;

export const question: Question = {
  title: "What does a guard in front of a server cost?",
  about:
    "The same server and clients as in `http`, with a handler that says hello: with nothing in front, behind a guard with a limit, behind one with a limit and a time-out; and one that refuses all, which is " +
    "what a server does under overload.",
  groups: [
    {
      title: "node:http",
      columns,
      variants: [
        served("bare", "bare", () => hello),
        served("time-out by hand", "hand", () => timedByHand),
        served("limit", "sluice", () => guard(limited()).handle(hello)),
        served("limit, time-out", "sluice", () => guard(timed()).handle(hello)),
        served("refused", "sluice", () => guard(full()).handle(hello)),
      ],
      goals: [
        { of: "limit", figure: "cpu", to: "bare", most: 1.15 },
        { of: "limit, time-out", figure: "cpu", to: "bare", most: 1.4 },
        { of: "refused", figure: "cpu", to: "bare", most: 1.3 },
      ],
      rounds: 7,
    },
    {
      title: "Express 5",
      columns,
      variants: [
        served("bare", "bare", () => application(helloExpress)),
        served("limit", "sluice", () => application(guard(limited()).handle(helloExpress as never))),
        served("limit, time-out", "sluice", () => application(guard(timed()).handle(helloExpress as never))),
      ],
      goals: [
        { of: "limit", figure: "cpu", to: "bare", most: 1.15 },
        { of: "limit, time-out", figure: "cpu", to: "bare", most: 1.4 },
      ],
      rounds: 7,
    },
  ],
};
