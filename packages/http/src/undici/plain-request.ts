import { type Dispatcher, FormData as UndiciFormData } from "undici";
import { type HttpBody, type HttpInit, type HttpRequest, isRequest } from "../client/http-request.ts";

type Body = HttpBody | null | undefined;

/**
 * The request as undici's own fetch takes it, through `dispatcher`. That fetch knows only the classes of its own package: it would convert
 * the global `Request` and `FormData` to strings such as "[object FormData]".
 *
 * @throws TypeError when the request is for another origin
 */
export function plainRequest(request: HttpRequest, origin: URL, dispatcher: Dispatcher): HttpRequest {
  const url = new URL(request.url, origin);
  if (url.origin !== origin.origin) {
    throw new TypeError(`undiciService: url must be of ${origin.origin}; received one of ${url.origin}`);
  }
  const { method, headers, body, signal } = request;
  const { redirect, ...init }: HttpInit = isRequest(request) ? { redirect: request.redirect } : (request.init ?? {});
  return {
    url,
    method,
    headers: headers === undefined ? undefined : [...new Headers(headers)],
    body: typeof body === "function" ? () => madeBody(body()) : plainBody(body),
    signal,
    // A pool sends every request to its origin, also a redirect to another one.
    init: { ...init, redirect: redirect === "error" ? "error" : "manual", dispatcher } as unknown as HttpInit,
  };
}

function madeBody(made: Body | PromiseLike<Body>): Body | PromiseLike<Body> {
  if (typeof (made as PromiseLike<Body> | null | undefined)?.then !== "function") return plainBody(made as Body);
  return (made as PromiseLike<Body>).then(plainBody);
}

function plainBody(body: Body): Body {
  if (!(body instanceof FormData)) return body;
  const form = new UndiciFormData();
  for (const [name, value] of body) {
    if (typeof value === "string") form.append(name, value);
    else form.append(name, value, value.name);
  }
  return form;
}
