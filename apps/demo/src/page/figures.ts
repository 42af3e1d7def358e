const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

/** A count, or a rate, as it is read: 1,240; 12; 3.5; 0. */
export function short(value: number): string {
  return Math.abs(value) < 10 ? tenths.format(value) : whole.format(value);
}

/** A number of things that can be counted. */
export function count(value: number): string {
  return whole.format(Math.max(0, value));
}

/** A duration: 96 ms; 1.2 s; a dash where there is none. Clients leave after a second, so that nothing takes longer. */
export function duration(ms: number | null): string {
  if (ms === null) return "–";
  return ms >= 999 ? "over 1 s" : `${whole.format(ms)} ms`;
}

/** A share of a whole: 97 %. Only what is all is 100 %. */
export function percent(part: number, of: number): string {
  if (of <= 0) return "–";
  const share = (part / of) * 100;
  return `${share >= 99.5 ? (share > 99.9 ? 100 : 99) : Math.round(Math.max(0, share))} %`;
}
