import type { Kept } from "../helper/check-model.ts";

/** The model released in the order of the gates' numbers, and not in reverse order (promise 9). */
const because = "what was taken last is given back first, also after a route has changed";

/** By model. The shape is the size of each limit. */
export const kept: Readonly<Record<string, readonly Kept<readonly number[]>[]>> = {
  routingTable: [
    {
      because,
      seed: 825_243_155,
      path: "3649:10:9:9:9:15:15:15:21:21:29:29:33:33:39:39:40:40:47:7:2:3:18:19:19:19:19:24:24:24:28:30:30:31:31:37:40:44:48:48:48:54:54:55:55:59:60:60:61:66:66:68:77:80:81:81:84:23:77:73:68:66:65:65:65",
      shape: [2, 2, 1, 2],
      schedule: {
        exact: true,
        steps: [
          { does: "call", pick: 0, ms: 1, other: false, gap: 0 },
          { does: "tryReady", pick: 0, ms: 1, other: true, gap: 0 },
          { does: "abort", pick: 3, ms: 1, other: false, gap: 0 },
          { does: "ready", pick: 0, ms: 1, other: true, gap: 0 },
          { does: "route", pick: 0, ms: 7, other: false, gap: 0 },
          { does: "route", pick: 2, ms: 1, other: false, gap: 0 },
          { does: "tryReady", pick: 0, ms: 1, other: true, gap: 0 },
          { does: "ready", pick: 0, ms: 1, other: true, gap: 0 },
          { does: "spend", pick: 0, ms: 1, other: false, gap: 3 },
          { does: "route", pick: 1, ms: 6, other: false, gap: 0 },
          { does: "ready", pick: 0, ms: 1, other: true, gap: 0 },
          { does: "release", pick: 0, ms: 1, other: false, gap: 0 },
        ],
      },
    },
  ],
  steer: [
    {
      because,
      seed: 947_940_080,
      path: "7598:0:0:6:2:10:17:17:17:24:24:25:31:31:24:1:29:34:34:34:34:38:39:39:40:40:46:46:46:52:52:52:56:57:58:58:60:62:62:62:62:72:72:19:24:75:75:79:82:82:91:91:92:97:98:11:30:75:78:79:79:79:79:85:85:85:87:86:86:86:86:86:87:85:85:87:87:85:85:85:85",
      shape: [1, 1, 1, 2],
      schedule: {
        exact: true,
        steps: [
          { does: "route", pick: 0, ms: 3, other: false, gap: 0 },
          { does: "call", pick: 0, ms: 1, other: false, gap: 0 },
          { does: "ready", pick: 0, ms: 1, other: true, gap: 0 },
          { does: "respond", pick: 0, ms: 1, other: false, gap: 0 },
          { does: "ready", pick: 0, ms: 1, other: true, gap: 0 },
          { does: "call", pick: 0, ms: 1, other: false, gap: 0 },
          { does: "route", pick: 4, ms: 2, other: false, gap: 0 },
          { does: "call", pick: 0, ms: 10, other: false, gap: 0 },
          { does: "call", pick: 0, ms: 10, other: false, gap: 0 },
          { does: "ready", pick: 0, ms: 1, other: true, gap: 0 },
          { does: "ready", pick: 0, ms: 1, other: false, gap: 0 },
          { does: "tryReady", pick: 0, ms: 1, other: false, gap: 0 },
          { does: "abort", pick: 2, ms: 1, other: false, gap: 0 },
          { does: "spend", pick: 0, ms: 1, other: false, gap: 0 },
          { does: "respond", pick: 0, ms: 1, other: false, gap: 3 },
          { does: "release", pick: 0, ms: 1, other: false, gap: 0 },
        ],
      },
    },
  ],
};
