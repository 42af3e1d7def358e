import { show } from "@sluice/core/kit";

/** An error in a few words, for the report. */
export function nameOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : show(error);
}
