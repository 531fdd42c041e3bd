/** Decimals printed beyond those asked for, to tell a tie from the numbers next to it. */
const MORE = 60;

/** Up to this many decimals, ties round half to even; beyond, up, as JavaScript prints at most 100 decimals. */
const MAX_HALF_EVEN = 100 - MORE;

/**
 * A finite number with at most 100 decimals, as C and Python print `%.{digits}f`: rounded half to even on its
 * exact binary value, never in exponent form.
 */
export function fixedText(value: number, digits: number): string {
  const size = Math.abs(value);
  // A number of this size is an integer, and `toFixed` would print it in exponent form.
  if (size >= 1e21) return signOf(value) + BigInt(size) + (0).toFixed(digits).slice(1);
  const exact = digits > MAX_HALF_EVEN ? '' : size.toFixed(digits + MORE);
  return signOf(value) + halfEven(size.toFixed(digits), exact, digits);
}

/** A finite number with at most 100 decimals, as C and Python print `%.{digits}e`; rounded as in `fixedText`. */
export function exponentText(value: number, digits: number): string {
  const size = Math.abs(value);
  const rounded = size.toExponential(digits);
  const text = digits > MAX_HALF_EVEN ? '' : size.toExponential(digits + MORE);
  const [exact = '', power = ''] = text.split('e');
  const mantissa = halfEven(rounded, exact, digits);
  const whole = mantissa === rounded ? rounded : `${mantissa}e${power}`;
  return signOf(value) + whole.replace(/([+-])(\d)$/, '$10$2');
}

/** The kept digits if the number is a tie and they are even, otherwise `rounded`: JavaScript rounds ties up. */
function halfEven(rounded: string, exact: string, digits: number): string {
  const length = exact.length - MORE - (digits === 0 ? 1 : 0);
  const isTie = /^\.?50*$/.test(exact.slice(length));
  const kept = exact.slice(0, length);
  return isTie && /[02468]$/.test(kept) ? kept : rounded;
}

function signOf(value: number): string {
  return value < 0 || Object.is(value, -0) ? '-' : '';
}
