/** `numerator / denominator`, in whole numbers. */
export interface Fraction {
  readonly numerator: number;
  readonly denominator: number;
}

/**
 * The simplest fraction that equals `value` as a double: 0.29 is 29/100, and `1 / 3` is 1/3, though no binary number is. It is the
 * first convergent of the value's continued fraction that divides to that very number. `%` is exact, so Euclid's
 * algorithm on the value and 1 comes to an end.
 *
 * @param value 0 or more, and finite; less than 2^-30 is taken for 0, since whole numbers that divide to it may be too large to be exact
 */
export function fractionOf(value: number): Fraction {
  if (value < 2 ** -30) return { numerator: 0, denominator: 1 };
  let [a, b] = [value, 1];
  let [numerator, denominator] = [1, 0];
  let [lastNumerator, lastDenominator] = [0, 1];
  while (b > 0 && numerator / denominator !== value) {
    const rest = a % b;
    const whole = Math.round((a - rest) / b);
    [numerator, lastNumerator] = [whole * numerator + lastNumerator, numerator];
    [denominator, lastDenominator] = [whole * denominator + lastDenominator, denominator];
    [a, b] = [b, rest];
  }
  return { numerator, denominator };
}
