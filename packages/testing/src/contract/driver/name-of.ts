import { show } from "@sluice/core/kit";

/** What went wrong, in a few words. */
export function nameOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : show(error);
}
