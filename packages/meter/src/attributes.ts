import { requireObject, show } from "@sluice/core/kit";

/**
 * Labels, copied and frozen; none where they are left out.
 *
 * @throws TypeError when they are not text by text, or cannot be read
 */
export function requireAttributes(
  owner: string,
  attributes: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> {
  if (attributes === undefined) return Object.freeze({});
  requireObject(owner, "attributes", attributes);
  let entries: [string, unknown][];
  try {
    entries = Object.entries(attributes);
  } catch (cause) {
    // A getter, or a proxy.
    throw new TypeError(`${owner}: attributes could not be read; received ${show(attributes)}`, { cause });
  }
  for (const [key, value] of entries) {
    if (key === "") throw new TypeError(`${owner}: each name in attributes must have something in it; received ""`);
    if (typeof value !== "string") {
      throw new TypeError(`${owner}: attributes[${show(key)}] must be a string; received ${show(value)}`);
    }
  }
  return Object.freeze(Object.fromEntries(entries) as Record<string, string>);
}
