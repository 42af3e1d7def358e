// Deno, with the server that is there.
import { handler } from "../handler.ts";
import { suite } from "../suite.ts";

interface DenoServer {
  readonly addr: { readonly port: number };
  shutdown(): Promise<void>;
}

declare const Deno: {
  serve(options: object, handler: (request: Request) => Promise<Response>): DenoServer;
  exit(code: number): never;
};

const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => handler(request));
console.log(JSON.stringify(await suite(`http://127.0.0.1:${server.addr.port}`)));
Deno.exit(0);
