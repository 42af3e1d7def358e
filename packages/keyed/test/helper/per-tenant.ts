import { Semaphore, type Service } from "@sluice/core";
import { type MockHandle, mockService } from "@sluice/testing";
import { keyed, type KeyedLayer } from "../../src/index.ts";

/** Requests such as `"ann/1"`: a tenant, and what it asks for. `"/1"` has no tenant. */
export function tenantOf(request: string): string | undefined {
  const [tenant] = request.split("/");
  return tenant === "" ? undefined : tenant;
}

interface PerTenant {
  readonly layer: KeyedLayer<string, string>;
  readonly service: Service<string, string>;
  readonly handle: MockHandle<string, string>;
  /** The slots of a tenant. */
  readonly slotsOf: (tenant: string) => Semaphore | undefined;
  /** For whom slots were made, in order. */
  readonly made: readonly (string | undefined)[];
}

/** So many slots for each tenant, around a mock service. */
export function perTenant(
  max: number,
  options: { readonly maxKeys?: number; readonly whenFull?: "share"; readonly label?: string } = {},
): PerTenant {
  const made: (string | undefined)[] = [];
  const layer = keyed<string, string>({
    ...options,
    key: tenantOf,
    gate: (tenant?: string) => {
      made.push(tenant);
      return new Semaphore(max);
    },
  });
  const [inner, handle] = mockService<string, string>();
  return {
    layer,
    service: layer.wrap(inner),
    handle,
    slotsOf: (tenant) => layer.get(tenant) as Semaphore | undefined,
    made,
  };
}
