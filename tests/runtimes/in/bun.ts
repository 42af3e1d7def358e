// Bun, with the server that is there.
import { handler } from "../handler.ts";
import { suite } from "../suite.ts";

declare const Bun: {
  serve(options: { port: number; hostname: string; fetch: (request: Request) => Promise<Response> }): {
    readonly port: number;
    stop(force: boolean): Promise<void>;
  };
};

const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: (request) => handler(request) });
console.log(JSON.stringify(await suite(`http://127.0.0.1:${server.port}`)));
await server.stop(true);
