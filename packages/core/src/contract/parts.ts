import type { About } from "./about.ts";
import type { AnyLayer } from "./layer.ts";
import type { AnyService } from "./service.ts";

/** What a service is made of: a layer around another service, or something that has services of its own. */
export type Parts =
  | {
      /** The layer value on which `wrap` was called: its counters are there. */
      readonly layer: AnyLayer;
      /** The service inside it. */
      readonly inner: AnyService;
    }
  | {
      /** The name of the function that made the service, such as `"routingTable"`. */
      readonly name: string;
      /** What it says of itself. */
      readonly about?: About | undefined;
      /** The services inside it, each with its key; none of a function. Asked again each time, for they may change. */
      readonly branches: () => Iterable<readonly [key: unknown, service: AnyService]>;
      /** What has its counters; default the service. A layer that has two services inside names its layer value. */
      readonly counting?: object | undefined;
    };
