import { buffer, type BufferOptions } from "@sluice/buffer";
import { aClock, aName, type Every, number, optional, type OptionTable } from "@sluice/test-kit";

export const optionTable: OptionTable = {
  objects: [
    {
      of: "buffer",
      base: { capacity: 1 },
      give: buffer,
      ranges: {
        capacity: number({ min: 1, whole: true }),
        clock: optional(aClock),
        label: optional(aName),
      } satisfies Every<BufferOptions>,
    },
  ],
  without: {
    BufferClosedError: "takes nothing",
    isBufferClosedError: "answers for any value",
  },
};
