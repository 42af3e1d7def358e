/**
 * What a layer is, for tools such as `describe` that check an order. They never use its name, so your own layers take part.
 *
 * - `"limits"`: lets a number of calls run at the same time, and the others wait in line;
 * - `"rates"`: lets a number of calls start in a span of time, and the others wait in line;
 * - `"queues"`: takes a call although the service inside has no room for it yet;
 * - `"sheds"`: is always ready, and refuses in the call what the service inside has no room for;
 * - `"repeats"`: may call the service inside more than once for one request;
 * - `"routes"`: chooses one of several services for each request;
 * - `"balances"`: chooses one of several services that are the same for each request;
 * - `"times-out"`: gives up on calls that take too long;
 * - `"breaks"`: refuses while the service inside fails;
 * - `"answers"`: may answer without the service inside;
 * - `"observes"`: only observes;
 * - `"ready"`: is always ready, and has nothing inside.
 */
export type Trait =
  | "limits"
  | "rates"
  | "queues"
  | "sheds"
  | "repeats"
  | "routes"
  | "balances"
  | "times-out"
  | "breaks"
  | "answers"
  | "observes"
  | "ready"
  | (string & {});

/** What a layer declares about itself, for tools that show or check a stack. Read once, when the layer is made. */
export interface About {
  /** Tells this layer apart from others of the same name: `"db"`. Also on its refusals and events. Default: none. */
  readonly label?: string | undefined;
  /** What it is; default none. */
  readonly traits?: readonly Trait[] | undefined;
  /** What it was made with: `{ max: 64 }`. Times in milliseconds. Default: nothing. */
  readonly facts?: Readonly<Record<string, string | number | boolean | undefined>> | undefined;
}
