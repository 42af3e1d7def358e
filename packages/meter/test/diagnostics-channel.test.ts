import { channel, subscribe, unsubscribe } from "node:diagnostics_channel";
import { events, type LayerEvent } from "@sluice/core";
import { afterEach, describe, expect, test, vi } from "vitest";
import { toDiagnosticsChannel } from "../src/index.ts";

const heard: unknown[] = [];
const listen = (message: unknown): void => void heard.push(message);

afterEach(() => {
  heard.length = 0;
  unsubscribe("sluice:shed", listen);
  vi.unstubAllGlobals();
});

const shed: LayerEvent = { type: "shed", layer: "loadShed", source: {}, by: "concurrencyLimit" };

describe("toDiagnosticsChannel", () => {
  test("publishes each event on the channel of its type, until it is disposed of", () => {
    subscribe("sluice:shed", listen);
    const outlet = toDiagnosticsChannel();
    expect(events.listening).toBe(true);
    events.emit(shed);
    events.emit({ ...shed, type: "retry" });
    expect(heard).toEqual([shed]);
    expect(heard[0]).toBe(shed);
    outlet[Symbol.dispose]();
    outlet[Symbol.dispose]();
    expect(events.listening).toBe(false);
    events.emit(shed);
    expect(heard).toHaveLength(1);
  });

  test("publishes an event once, for however many have asked for it", () => {
    subscribe("sluice:shed", listen);
    const [one, two] = [toDiagnosticsChannel(), toDiagnosticsChannel()];
    events.emit(shed);
    expect(heard).toHaveLength(1);
    one[Symbol.dispose]();
    one[Symbol.dispose]();
    events.emit(shed);
    expect(heard).toHaveLength(2);
    two[Symbol.dispose]();
    events.emit(shed);
    expect(heard).toHaveLength(2);
    expect(events.listening).toBe(false);
  });

  test("publishes nothing on a channel without subscribers", () => {
    const publish = vi.spyOn(channel("sluice:limit"), "publish");
    const outlet = toDiagnosticsChannel();
    events.emit({ ...shed, type: "limit" });
    outlet[Symbol.dispose]();
    expect(publish).not.toHaveBeenCalled();
  });

  test.each([undefined, {}, { getBuiltinModule: () => undefined }])(
    "says so where there is no such module (%j)",
    (process) => {
      vi.stubGlobal("process", process);
      expect(() => toDiagnosticsChannel()).toThrow(
        "toDiagnosticsChannel: this runtime has no node:diagnostics_channel",
      );
      expect(events.listening).toBe(false);
    },
  );
});
