/**
 * A real Prometheus for tests: found or unpacked, started on loopback, and always ended. It installs nothing, and starts no service.
 *
 * @packageDocumentation
 */
export type { PrometheusSample, PrometheusServer } from "./prometheus-server.ts";
export { prometheusServer } from "./prometheus-server.ts";
export type { PrometheusPrograms } from "./prometheus-programs.ts";
export { prometheusForTests } from "./prometheus-programs.ts";
