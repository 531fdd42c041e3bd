import { sameValue } from '../domain/value.js';
import { violationOf } from '../domain/parameters.js';
/** Gives the parameters that the ledger does not know their initial values; no other is touched. */
export function declareParameters(settings, nowMs) {
    return ({ head }) => {
        const missing = {};
        for (const [name, { initial }] of Object.entries(settings.parameters)) {
            if (!Object.hasOwn(head.parameters, name))
                missing[name] = initial;
        }
        const isNew = Object.keys(missing).length > 0;
        return {
            events: isNew ? [{ kind: 'parameters_declared', timeMs: nowMs, parameters: missing }] : [],
            result: () => { },
        };
    };
}
/** Live values that the config would not allow: they are kept, and somebody should know. */
export function valuesOutOfBounds({ head }, settings) {
    return Object.entries(settings.parameters).flatMap(([name, spec]) => {
        const value = Object.hasOwn(head.parameters, name) ? head.parameters[name] : undefined;
        if (value === undefined || sameValue(value, spec.initial))
            return [];
        const violation = violationOf(spec, value);
        return violation === undefined ? [] : [`${name}: ${violation}`];
    });
}
//# sourceMappingURL=parameters.js.map