import { expect, test } from "vitest";
import { isIdempotent } from "../src/index.ts";

test.each(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"])("%s is idempotent (RFC 9110, 9.2.2)", (method) => {
  expect(isIdempotent(method)).toBe(true);
});

test.each(["POST", "PATCH", "CONNECT", "BREW", ""])("%s is not known to be idempotent", (method) => {
  expect(isIdempotent(method)).toBe(false);
});

test.each(["get", "Put", "DELETE "])("%s is another method: they are case-sensitive (RFC 9110, 9.1)", (method) => {
  expect(isIdempotent(method)).toBe(false);
});
