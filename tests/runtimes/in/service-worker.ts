// A service worker: it answers the page's requests to /served instead of the server.
import { handler } from "../handler.ts";

interface FetchEvent extends Event {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

interface ServiceWorkerScope {
  skipWaiting(): Promise<void>;
  readonly clients: { claim(): Promise<void> };
  addEventListener(
    type: string,
    listener: (event: FetchEvent & { waitUntil(work: Promise<unknown>): void }) => void,
  ): void;
}

const scope = globalThis as unknown as ServiceWorkerScope;
const prefix = "/served";

scope.addEventListener("install", (event) => {
  event.waitUntil(scope.skipWaiting());
});
scope.addEventListener("activate", (event) => {
  event.waitUntil(scope.clients.claim());
});
scope.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (!url.pathname.startsWith(prefix)) return;
  url.pathname = url.pathname.slice(prefix.length);
  event.respondWith(
    (async () => {
      const body = request.method === "POST" ? await request.text() : null;
      return handler(new Request(url, { method: request.method, body, signal: request.signal }), event);
    })(),
  );
});
