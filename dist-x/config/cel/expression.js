import { plan } from '@bufbuild/cel';
import { kindOf } from '../../domain/value.js';
import { bindingsOf } from './bindings.js';
import { dryRun, outcomesOf, resultsOf } from './dry-run.js';
import { environment } from './environment.js';
import { sourceTextOf } from './explain.js';
import { resolveNames } from './names.js';
import { describeKind, toValue } from './result.js';
import { parseExpression } from './syntax.js';
/** Parses an expression; `parameters` are the names that it may use of them. */
export function readExpression(text, parameters) {
    const parsed = parseExpression(text);
    if ('faults' in parsed)
        return parsed;
    const { faults, usesMetrics, measurements } = resolveNames(parsed.syntax, parameters);
    if (faults.length > 0)
        return { faults };
    return { expression: { syntax: parsed.syntax, usesMetrics, measurements } };
}
/** Tries an expression on samples; `expected`: the kind that it is to give, where that matters. */
export function tryExpression({ syntax }, samples, expected) {
    const faults = dryRun(syntax, samples);
    if (faults.length > 0)
        return faults;
    for (const outcome of outcomesOf(syntax.expr)) {
        for (const result of resultsOf(outcome, samples)) {
            const found = describeMismatch(result, expected);
            if (found === undefined)
                continue;
            const message = `${sourceTextOf(outcome)}: ${found}`;
            faults.push({ offset: syntax.offsetOf(outcome), message });
            break;
        }
    }
    return faults;
}
const KINDS = {
    null: 'null',
    boolean: 'true or false',
    number: 'a number',
    string: 'a text',
    list: 'a list',
    object: 'a map',
};
function describeMismatch(result, expected) {
    // Whether a number is finite depends on the data.
    if (typeof result === 'number' && !Number.isFinite(result)) {
        return expected === undefined || expected === 'number' ? undefined : 'expected no number';
    }
    let value;
    try {
        value = toValue(result);
    }
    catch (error) {
        return error instanceof Error ? error.message : String(error);
    }
    if (expected === undefined || kindOf(value) === expected)
        return undefined;
    return `expected ${KINDS[expected]}, found ${describeKind(result)}`;
}
/**
 * The function that evaluates an expression. It throws an `Error` that begins with `name` where
 * the expression cannot be evaluated on a context.
 */
export function compileExpression({ syntax }, name) {
    const evaluate = plan(environment, syntax.expr);
    return (context) => {
        try {
            return toValue(evaluate(bindingsOf(context)));
        }
        catch (error) {
            throw new Error(`${name}: ${error instanceof Error ? error.message : String(error)}`, {
                cause: error,
            });
        }
    };
}
//# sourceMappingURL=expression.js.map