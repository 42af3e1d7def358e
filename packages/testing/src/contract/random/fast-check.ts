import type * as FastCheck from "fast-check";

/**
 * Loads fast-check when a check begins, and not before: it is an optional peer dependency, and an import statement would fail with
 * nothing but the name of a module.
 *
 * @throws (rejects with) Error that says what to install
 */
export async function loadFastCheck(): Promise<typeof FastCheck> {
  try {
    return await import("fast-check");
  } catch (cause) {
    const remedy = "It is an optional peer dependency of @sluice/testing: npm install --save-dev fast-check";
    throw new Error(`checkContract: fast-check could not be loaded. ${remedy}`, { cause });
  }
}
