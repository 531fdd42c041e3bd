/**
 * A finite number with `digits` decimals, as C and Python print `%.{digits}f`: rounded half to
 * even on its exact binary value, never in exponent form.
 */
export function fixedText(value: number, digits: number): string {
  const { sign, numerator, denominator } = toFraction(value);
  const scaled = divideHalfEven(numerator * 10n ** BigInt(digits), denominator).toString();
  const padded = scaled.padStart(digits + 1, '0');
  const whole = padded.slice(0, padded.length - digits);
  return sign + (digits === 0 ? whole : `${whole}.${padded.slice(padded.length - digits)}`);
}

/** A finite number as C and Python print `%.{digits}e`, rounded likewise. */
export function exponentText(value: number, digits: number): string {
  const { sign, numerator, denominator } = toFraction(value);
  let exponent = numerator === 0n ? 0 : Math.floor(Math.log10(Math.abs(value)));
  let scaled = scaleTo(numerator, denominator, digits - exponent);
  // The logarithm is rounded, and rounding to `digits` may carry: both are off by one at most.
  if (numerator !== 0n && scaled < 10n ** BigInt(digits)) {
    exponent -= 1;
    scaled = scaleTo(numerator, denominator, digits - exponent);
  }
  if (scaled >= 10n ** BigInt(digits + 1)) {
    exponent += 1;
    scaled = scaleTo(numerator, denominator, digits - exponent);
  }
  const all = scaled.toString().padStart(digits + 1, '0');
  const mantissa = digits === 0 ? all : `${all.slice(0, 1)}.${all.slice(1)}`;
  const power = String(Math.abs(exponent)).padStart(2, '0');
  return `${sign}${mantissa}e${exponent < 0 ? '-' : '+'}${power}`;
}

function scaleTo(numerator: bigint, denominator: bigint, power: number): bigint {
  return power >= 0
    ? divideHalfEven(numerator * 10n ** BigInt(power), denominator)
    : divideHalfEven(numerator, denominator * 10n ** BigInt(-power));
}

function divideHalfEven(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator;
  const twice = (numerator % denominator) * 2n;
  const up = twice > denominator || (twice === denominator && quotient % 2n === 1n);
  return up ? quotient + 1n : quotient;
}

const bits = new DataView(new ArrayBuffer(8));

/** The exact value of an IEEE 754 double, without its sign. */
function toFraction(value: number): { sign: string; numerator: bigint; denominator: bigint } {
  bits.setFloat64(0, value);
  const word = bits.getBigUint64(0);
  const biased = Number((word >> 52n) & 0x7ffn);
  const fraction = word & 0xfffffffffffffn;
  // Subnormal numbers lack the leading one, and share the exponent of the least normal ones.
  const mantissa = biased === 0 ? fraction : fraction | (1n << 52n);
  const power = Math.max(biased, 1) - 1075;
  return {
    sign: word >> 63n === 1n ? '-' : '',
    numerator: power >= 0 ? mantissa << BigInt(power) : mantissa,
    denominator: power >= 0 ? 1n : 1n << BigInt(-power),
  };
}
