import type { ReadBody } from "./status-error.ts";

/** A longer body is cancelled, which closes the connection: to read it would cost more than a new connection. */
const most = 65_536;

/**
 * Reads a body to its end, or for 64 KiB and then cancels it. Afterwards its connection is no longer busy. Never rejects: a body that
 * breaks off is not `whole`.
 */
export async function readOff(body: ReadableStream<Uint8Array> | null): Promise<ReadBody> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const read = (whole: boolean): ReadBody => ({ bytes: joined(chunks, Math.min(length, most)), whole });
  if (body === null) return read(true);
  try {
    const reader = body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return read(true);
      chunks.push(value);
      length += value.length;
      if (length <= most) continue;
      void reader.cancel().catch(() => {});
      return read(false);
    }
  } catch {
    // The connection broke, or an inner layer has already used the body.
    return read(false);
  }
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk.subarray(0, length - at), at);
    at += chunk.length;
  }
  return bytes;
}
