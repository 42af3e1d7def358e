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

// It would warn of each script that the server does not know yet.
Logger.setLoggerConfig("off");

export const clientKinds: readonly ClientKind[] = [
  nodeRedis(
    "node-redis 6",
    (socket) => createClient6({ socket, disableOfflineQueue: true }),
    (rootNodes) => createCluster6({ rootNodes }),
  ),
  nodeRedis(
    "node-redis 5",
    (socket) => createClient5({ socket, disableOfflineQueue: true }),
    (rootNodes) => createCluster5({ rootNodes }),
  ),
  ioredis(
    "ioredis 6",
    (port) => new Ioredis6({ host, port, lazyConnect: true, enableOfflineQueue: false }),
    (nodes) => new Ioredis6Cluster(nodes, { lazyConnect: true }),
  ),
  ioredis(
    "ioredis 5",
    (port) => new Ioredis5({ host, port, lazyConnect: true, enableOfflineQueue: false }),
    (nodes) => new Ioredis5Cluster(nodes, { lazyConnect: true }),
  ),
  ioredis(
    "ioredis 6 with a key prefix",
    (port) => new Ioredis6({ host, port, lazyConnect: true, keyPrefix: "mine:" }),
    (nodes) => new Ioredis6Cluster(nodes, { lazyConnect: true, keyPrefix: "mine:" }),
  ),
  ioredis(
    "iovalkey",
    (port) => new Iovalkey({ host, port, lazyConnect: true, enableOfflineQueue: false }),
    (nodes) => new IovalkeyCluster(nodes, { lazyConnect: true }),
  ),
  {
    name: "valkey-glide",
    single: async (port) => glide(await GlideClient.createClient({ addresses: [{ host, port }] })),
    cluster: async (ports) => glide(await GlideClusterClient.createClient({ addresses: ports.map(nodeAt) })),
  },
];

interface Node {
  readonly host: string;
  readonly port: number;
}

/** What the majors of a client, and its clusters, have in common. */
interface Connecting {
  on(event: "error", listener: () => void): unknown;
  connect(): Promise<unknown>;
}

interface NodeRedis extends Connecting {
  sendCommand(args: string[]): PromiseLike<unknown>;
  destroy(): void;
}

interface NodeRedisCluster extends Connecting {
  sendCommand(key: string, isReadonly: boolean, args: string[]): PromiseLike<unknown>;
  destroy(): void;
}

interface Ioredis extends Connecting {
  call(name: string, ...args: string[]): PromiseLike<unknown>;
  disconnect(): void;
}

function nodeRedis(
  name: string,
  makeClient: (socket: Node) => NodeRedis,
  makeCluster: (rootNodes: { readonly socket: Node }[]) => NodeRedisCluster,
): ClientKind {
  return {
    name,
    async single(port) {
      const client = await connected(makeClient(nodeAt(port)));
      return closing(
        (args) => client.sendCommand(args),
        () => client.destroy(),
      );
    },
    async cluster(ports) {
      const cluster = await connected(makeCluster(ports.map((port) => ({ socket: nodeAt(port) }))));
      return closing(
        (args, key) => cluster.sendCommand(key, false, args),
        () => cluster.destroy(),
      );
    },
  };
}

function ioredis(
  name: string,
  makeClient: (port: number) => Ioredis,
  makeCluster: (nodes: Node[]) => Ioredis,
): ClientKind {
  const calling = async (made: Ioredis): Promise<Connected> => {
    const redis = await connected(made);
    return closing(
      ([command, ...args]) => redis.call(command, ...args),
      () => redis.disconnect(),
    );
  };
  return {
    name,
    single: (port) => calling(makeClient(port)),
    cluster: (ports) => calling(makeCluster(ports.map(nodeAt))),
  };
}

function glide(client: GlideClient | GlideClusterClient): Connected {
  return closing(
    (args) => client.customCommand(args),
    () => client.close(),
  );
}

function nodeAt(port: number): Node {
  return { host, port };
}

async function connected<Client extends Connecting>(client: Client): Promise<Client> {
  // Errors of a connection are seen where a command fails.
  client.on("error", () => {});
  await client.connect();
  return client;
}

function closing(send: Send, close: () => void): Connected {
  return { send, [Symbol.asyncDispose]: async () => close() };
}
