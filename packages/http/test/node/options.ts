import { createServer, type Server } from "node:http";
import { ServiceBuilder } from "@sluice/core";
import {
  drain,
  type DrainOptions,
  guard,
  type GuardOptions,
  harden,
  type HardenOptions,
  serverOptions,
  type ServerTimes,
} from "@sluice/http/node";
import {
  aBoolean,
  aClock,
  aFunction,
  delay,
  type DocumentedRange,
  type Every,
  number,
  optional,
  type OptionTable,
  span,
  withMethods,
} from "@sluice/test-kit";
import { answers, header, spread } from "../server/options.ts";

const server = createServer();
/** One is hardened once, and one that does not listen is never closed. */
const isGood = (value: unknown): boolean => value === server;
const stack = new ServiceBuilder();
export const aStack: DocumentedRange = withMethods(stack, "serviceFn");

/** What all edges take. */
export const edge: Every<GuardOptions & { readonly answers: object }> = {
  wait: optional(aBoolean),
  timeoutHeader: header,
  retryAfter: spread,
  onError: optional(aFunction),
  clock: optional(aClock),
  answers,
};

export const nodeOptions: OptionTable = {
  entry: "node",
  parameters: [
    { of: "guard", option: "stack", range: aStack, give: (each) => guard(each as typeof stack) },
    {
      of: "harden",
      option: "server",
      range: withMethods(server, "listen", "prependListener"),
      give: (each: Server) => harden(each),
      except: isGood,
    },
    {
      of: "drain",
      option: "server",
      range: withMethods(server, "close", "prependListener"),
      give: (each: Server) => drain(each),
      except: isGood,
    },
  ],
  objects: [
    { of: "guard", base: {}, give: (options) => guard(stack, options), ranges: edge },
    {
      of: "harden",
      base: {},
      give: (options) => harden(createServer(), options),
      ranges: {
        maxConnections: optional(number({ min: 1, whole: true, infinity: true })),
        sendTimeout: optional(span),
        lingerTimeout: optional(number({ min: 0, max: 10_000 })),
        clock: optional(aClock),
      } satisfies Every<HardenOptions>,
    },
    {
      of: "drain",
      base: {},
      give: (options) => void drain(createServer(), options),
      ranges: {
        within: optional(delay),
        linger: optional(delay),
        clock: optional(aClock),
      } satisfies Every<DrainOptions>,
    },
    {
      of: "serverOptions",
      base: {},
      give: (options) => serverOptions(options),
      ranges: {
        headersTimeout: optional(number({ min: 0, max: 60_000, above: true })),
        requestTimeout: optional(span),
        connectionsCheckingInterval: optional(span),
        keepAliveTimeout: optional(delay),
        maxHeaderSize: optional(number({ min: 1, max: 2 ** 31 - 1, whole: true })),
      } satisfies Every<ServerTimes>,
    },
  ],
  without: {
    signalOf: "takes a request",
    ClientGoneError: "takes nothing",
    isClientGoneError: "answers for any value",
  },
};
