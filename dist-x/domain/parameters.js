import { sameValue } from './value.js';
/** Digits that a computed number keeps: drops the noise of binary fractions, loses nothing else. */
const SIGNIFICANT_DIGITS = 12;
/**
 * Limits a proposed number by `maxStep` from the current value, then by `min` and `max`, and rounds
 * it to 12 significant digits. Anything but a number passes as it is.
 */
export function limitValue(spec, current, proposed) {
    if (typeof proposed !== 'number')
        return proposed;
    let value = proposed;
    if (spec?.maxStep !== undefined && typeof current === 'number') {
        value = Math.min(Math.max(value, current - spec.maxStep), current + spec.maxStep);
    }
    if (spec?.min !== undefined)
        value = Math.max(value, spec.min);
    if (spec?.max !== undefined)
        value = Math.min(value, spec.max);
    return Number(value.toPrecision(SIGNIFICANT_DIGITS));
}
/** Why a value may not be had by a parameter, or `undefined` where it may. */
export function violationOf(spec, value) {
    if (spec === undefined)
        return undefined;
    if (spec.allowed !== undefined && !spec.allowed.some((one) => sameValue(one, value))) {
        return `expected one of ${JSON.stringify(spec.allowed)}, got ${JSON.stringify(value)}`;
    }
    if (typeof value !== 'number')
        return undefined;
    if (spec.min !== undefined && value < spec.min) {
        return `expected at least ${spec.min}, got ${value}`;
    }
    if (spec.max !== undefined && value > spec.max) {
        return `expected at most ${spec.max}, got ${value}`;
    }
    return undefined;
}
//# sourceMappingURL=parameters.js.map