/*
 * Exponential buckets of base 2^(1/8), aligned to seconds: scale 3 of OpenTelemetry
 * (https://opentelemetry.io/docs/specs/otel/metrics/data-model/#exponentialhistogram), schema 3 of Prometheus's native histograms.
 * The bucket of index `i` holds the durations above 2^(i/8) s, up to and including 2^((i+1)/8) s.
 */

/** OpenTelemetry's word for how fine the buckets are: there are 2^scale of them for each doubling. */
export const scale = 3;
const perOctave = 2 ** scale;
/** From 2^-20 s, about a microsecond, to 2^14 s, about 4 1/2 hours. */
const lowest = -20;
const highest = 14;

/** How many buckets there are. */
export const size: number = (highest - lowest) * perOctave;
/** The index, as OpenTelemetry counts it, of the first bucket. */
export const first: number = lowest * perOctave;

/** The ends of the buckets, in milliseconds: bucket `i` lies above `ends[i]`, up to `ends[i + 1]`. */
export const ends: Float64Array = Float64Array.from(
  { length: size + 1 },
  (_, end) => 1000 * 2 ** (lowest + Math.floor(end / perOctave)) * 2 ** ((end % perOctave) / perOctave),
);

// The octave is the exponent of the double. Its mantissa is cut into 64 slots, none of which holds more than one end of a
// bucket: the table says which end that may be, and one comparison tells on which side of it a duration lies.
const slots = 64;
const endInSlot = Uint8Array.from({ length: slots }, (_, slot) => Math.ceil(perOctave * Math.log2(1 + slot / slots)));
const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);
/** Which half of a double has its exponent. */
/* v8 ignore next -- a machine stores numbers in one of the two orders */
const high = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? 1 : 0;

/** The bucket of a duration in milliseconds, from 0; the last one for what is longer. It must be above `ends[0]`. */
export function bucketOf(ms: number): number {
  float[0] = ms / 1000;
  const word = words[high]!;
  const octave = (word >>> 20) - 1023 - lowest;
  const end = octave * perOctave + endInSlot[(word >>> 14) & (slots - 1)]!;
  if (end >= size) return size - 1;
  return ms > ends[end]! ? end : end - 1;
}
