import { GlideClient, GlideClusterClient, Logger } from "@valkey/valkey-glide";
import { Redis as Ioredis6, Cluster as Ioredis6Cluster } from "ioredis";
import { Redis as Ioredis5, Cluster as Ioredis5Cluster } from "ioredis-5";
import { Redis as Iovalkey, Cluster as IovalkeyCluster } from "iovalkey";
import { createClient as createClient6, createCluster as createCluster6 } from "redis";
import { createClient as createClient5, createCluster as createCluster5 } from "redis-5";
import type { Send } from "../../../src/redis/script.ts";

/** A client that is connected, as its users write `send` for it. */
interface Connected extends AsyncDisposable {
  readonly send: Send;
}

export interface ClientKind {
  readonly name: string;
  single(port: number): Promise<Connected>;
  cluster(ports: readonly number[]): Promise<Connected>;
}

const host = "127.0.0.1";

const glideAddresses = (ports: readonly number[]) => ({ addresses: ports.map((port) => ({ host, port })) });

// It would warn of each script that the server does not know yet.
Logger.setLoggerConfig("off");

/** Errors of a connection are seen where a command fails. */
const unheard = () => {};

export const clientKinds: readonly ClientKind[] = [
  {
    name: "node-redis 6",
    async single(port) {
      const client = createClient6({ socket: { host, port }, disableOfflineQueue: true });
      await client.on("error", unheard).connect();
      return closing(
        (args) => client.sendCommand(args),
        () => client.destroy(),
      );
    },
    async cluster(ports) {
      const cluster = createCluster6({ rootNodes: ports.map((port) => ({ socket: { host, port } })) });
      await cluster.on("error", unheard).connect();
      return closing(
        (args, key) => cluster.sendCommand(key, false, args),
        () => cluster.destroy(),
      );
    },
  },
  {
    name: "node-redis 5",
    async single(port) {
      const client = createClient5({ socket: { host, port }, disableOfflineQueue: true });
      await client.on("error", unheard).connect();
      return closing(
        (args) => client.sendCommand(args),
        () => client.destroy(),
      );
    },
    async cluster(ports) {
      const cluster = createCluster5({ rootNodes: ports.map((port) => ({ socket: { host, port } })) });
      await cluster.on("error", unheard).connect();
      return closing(
        (args, key) => cluster.sendCommand(key, false, args),
        () => cluster.destroy(),
      );
    },
  },
  {
    name: "ioredis 6",
    async single(port) {
      const redis = new Ioredis6({ host, port, lazyConnect: true, enableOfflineQueue: false });
      await redis.on("error", unheard).connect();
      return closing(
        ([name, ...args]) => redis.call(name, ...args),
        () => redis.disconnect(),
      );
    },
    async cluster(ports) {
      const cluster = new Ioredis6Cluster(
        ports.map((port) => ({ host, port })),
        { lazyConnect: true },
      );
      await cluster.on("error", unheard).connect();
      return closing(
        ([name, ...args]) => cluster.call(name, ...args),
        () => cluster.disconnect(),
      );
    },
  },
  {
    name: "ioredis 5",
    async single(port) {
      const redis = new Ioredis5({ host, port, lazyConnect: true, enableOfflineQueue: false });
      await redis.on("error", unheard).connect();
      return closing(
        ([name, ...args]) => redis.call(name, ...args),
        () => redis.disconnect(),
      );
    },
    async cluster(ports) {
      const cluster = new Ioredis5Cluster(
        ports.map((port) => ({ host, port })),
        { lazyConnect: true },
      );
      await cluster.on("error", unheard).connect();
      return closing(
        ([name, ...args]) => cluster.call(name, ...args),
        () => cluster.disconnect(),
      );
    },
  },
  {
    name: "ioredis 6 with a key prefix",
    async single(port) {
      const redis = new Ioredis6({ host, port, lazyConnect: true, keyPrefix: "mine:" });
      await redis.on("error", unheard).connect();
      return closing(
        ([name, ...args]) => redis.call(name, ...args),
        () => redis.disconnect(),
      );
    },
    async cluster(ports) {
      const cluster = new Ioredis6Cluster(
        ports.map((port) => ({ host, port })),
        { lazyConnect: true, keyPrefix: "mine:" },
      );
      await cluster.on("error", unheard).connect();
      return closing(
        ([name, ...args]) => cluster.call(name, ...args),
        () => cluster.disconnect(),
      );
    },
  },
  {
    name: "iovalkey",
    async single(port) {
      const redis = new Iovalkey({ host, port, lazyConnect: true, enableOfflineQueue: false });
      await redis.on("error", unheard).connect();
      return closing(
        ([name, ...args]) => redis.call(name, ...args),
        () => redis.disconnect(),
      );
    },
    async cluster(ports) {
      const cluster = new IovalkeyCluster(
        ports.map((port) => ({ host, port })),
        { lazyConnect: true },
      );
      await cluster.on("error", unheard).connect();
      return closing(
        ([name, ...args]) => cluster.call(name, ...args),
        () => cluster.disconnect(),
      );
    },
  },
  {
    name: "valkey-glide",
    async single(port) {
      const client = await GlideClient.createClient(glideAddresses([port]));
      return closing(
        (args) => client.customCommand(args),
        () => client.close(),
      );
    },
    async cluster(ports) {
      const client = await GlideClusterClient.createClient(glideAddresses(ports));
      return closing(
        (args) => client.customCommand(args),
        () => client.close(),
      );
    },
  },
];

function closing(send: Send, close: () => void): Connected {
  return { send, [Symbol.asyncDispose]: async () => close() };
}
