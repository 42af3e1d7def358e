// A Worker: the handler, and at /suite the suite, which sends requests to this Worker.
import { handler } from "../handler.ts";
import { suite } from "../suite.ts";

// oxlint-disable-next-line import/no-default-export -- it is what Workers are
export default {
  async fetch(request: Request, env: unknown, context: unknown): Promise<Response> {
    const { origin, pathname } = new URL(request.url);
    if (pathname !== "/suite") return handler(request, env, context);
    // It watches the process, which Workers do not have.
    return Response.json(await suite(origin, ["checkContract"]));
  },
};
