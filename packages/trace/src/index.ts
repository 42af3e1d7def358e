/**
 * Gives each request an id that any function below can read, and logs how it went.
 *
 * @packageDocumentation
 */
export { trace } from "./trace.ts";
