/** A number as people read it: 0.097, 1.94, 63.4, 2,504. */
export function readable(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "never";
  const size = Math.abs(value);
  const maximumFractionDigits = Number.isInteger(value) || size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  return value.toLocaleString("en-GB", { maximumFractionDigits });
}

/** With its unit; what never happens has none. */
export function measured(value: number, unit: string | undefined): string {
  return unit === undefined || !Number.isFinite(value) ? readable(value) : `${readable(value)} ${unit}`;
}
