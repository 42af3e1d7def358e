/**
 * The real Prometheus for tests: found or unpacked, started on loopback, and ended in all cases. Nothing is installed, and no service is
 * started.
 *
 * @packageDocumentation
 */
export type { PrometheusSample, PrometheusServer } from "./prometheus-server.ts";
export { prometheusServer } from "./prometheus-server.ts";
export type { PrometheusPrograms } from "./prometheus-programs.ts";
export { prometheusForTests } from "./prometheus-programs.ts";
