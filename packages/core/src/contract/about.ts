/**
 * What a layer is, in a word that tools judge an order by; never its name, so that layers of anyone's own take part.
 *
 * - `"limits"`: lets so many calls in at once, and the others wait in line;
 * - `"rates"`: lets so many calls start in a span of time, and the others wait in line;
 * - `"queues"`: takes a call although the service inside has no room for it yet;
 * - `"sheds"`: is always ready, and refuses in the call what the service inside has no room for;
 * - `"repeats"`: may call the service inside more than once for one request;
 * - `"routes"`: chooses one of several services for each request;
 * - `"balances"`: chooses one of several services that are the same for each request;
 * - `"times-out"`: gives up on what takes too long;
 * - `"breaks"`: refuses while what is behind it fails;
 * - `"answers"`: may answer without the service inside;
 * - `"observes"`: only looks on;
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

/** What a layer says of itself, for tools that show or judge a stack. Read once, when the layer is made; never per call. */
export interface About {
  /** Tells this layer apart from others of the same name: `"db"`. Also on its refusals and events. Default: none. */
  readonly label?: string | undefined;
  /** What it is; default none. */
  readonly traits?: readonly Trait[] | undefined;
  /** What it was made with: `{ max: 64 }`. Times in milliseconds. Default: nothing. */
  readonly facts?: Readonly<Record<string, string | number | boolean | undefined>> | undefined;
}
