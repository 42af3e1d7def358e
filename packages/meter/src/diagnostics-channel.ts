import { events } from "@sluice/core";
import { dispose, processWide } from "@sluice/core/kit";

/** As much of `node:diagnostics_channel` as is used. */
interface Channels {
  channel(name: string): { readonly hasSubscribers: boolean; publish(message: unknown): void };
}

interface NodeLike {
  readonly process?: { getBuiltinModule?(name: string): Channels | undefined };
}

/** One for all copies: an event is published once, however often it was asked for. */
const outlet = processWide<{ users: number; subscription?: Disposable }>("diagnostics-channel", { users: 0 });

/**
 * Publishes what layers announce through core's `events` on `node:diagnostics_channel`, each event on the channel `sluice:<type>`
 * (`sluice:retry`, `sluice:shed`, …), with the event as its message. A channel without subscribers is not published to. Each event is
 * published once, however often this is called, until all that this has returned is disposed of.
 *
 * @example
 * const outlet = toDiagnosticsChannel();
 * diagnostics_channel.subscribe("sluice:shed", ({ by, byLabel }) => console.log("refused by", by, byLabel));
 * // … and when it is no longer wanted
 * outlet[Symbol.dispose]();
 *
 * @throws Error where the runtime has no `node:diagnostics_channel`
 */
export function toDiagnosticsChannel(): Disposable {
  const channels = channelsOf(globalThis);
  if (outlet.users++ === 0) outlet.subscription = publishTo(channels);
  let over = false;
  return {
    [dispose]() {
      if (over) return;
      over = true;
      if (--outlet.users === 0) outlet.subscription?.[dispose]();
    },
  };
}

function publishTo(channels: Channels): Disposable {
  return events.subscribe((event) => {
    const channel = channels.channel(`sluice:${event.type}`);
    if (channel.hasSubscribers) channel.publish(event);
  });
}

/** Not by an import, so that the package loads where there is no such module. */
function channelsOf(platform: object): Channels {
  const { process } = platform as NodeLike;
  const channels = process?.getBuiltinModule?.("node:diagnostics_channel");
  if (channels === undefined) {
    throw new Error("toDiagnosticsChannel: this runtime has no node:diagnostics_channel (Node.js 20.16 or later has)");
  }
  return channels;
}
