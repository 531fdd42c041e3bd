import { kindOf } from '../domain/value.js';
import { compileExpression, readExpression, tryExpression, } from './cel/expression.js';
import { resultsOf } from './cel/dry-run.js';
import { toValue } from './cel/result.js';
import { createSamples } from './cel/samples.js';
const FIELDS = ['when', 'new_value', 'old_value', 'reasoning'];
/** Checks every expression of every rule, each by itself. */
export function checkRules(config) {
    const faults = [];
    const names = new Set(Object.keys(config.parameters));
    for (const rule of config.rules) {
        if (rule.operation === 'add' && rule.target !== undefined)
            names.add(rule.target);
    }
    const rules = config.rules.map((text, index) => readRule(text, index, names, faults));
    const samples = createSamplesFor(rules, config);
    for (const rule of rules) {
        for (const [field, expression] of rule.expressions) {
            const expected = kindExpected(field, rule.text, config);
            for (const fault of tryExpression(expression, samples, expected)) {
                faults.push(locate(rule, field, expression.syntax.text, fault));
            }
        }
    }
    return { faults, compile: () => rules.map(compileRule) };
}
function readRule(text, index, names, faults) {
    const rule = { text, index, expressions: new Map() };
    for (const field of FIELDS) {
        if (text[field] === undefined)
            continue;
        const source = String(text[field]);
        const read = readExpression(source, names);
        if ('expression' in read)
            rule.expressions.set(field, read.expression);
        else
            for (const fault of read.faults)
                faults.push(locate(rule, field, source, fault));
    }
    return rule;
}
function locate(rule, field, source, fault) {
    const before = source.slice(0, fault.offset);
    const newlines = before.split('\n').length - 1;
    const column = fault.offset - (before.lastIndexOf('\n') + 1) + 1;
    const place = newlines === 0 ? `character ${column}` : `line ${newlines + 1}, character ${column}`;
    return {
        path: ['rules', rule.index, field],
        message: `${fault.message} (at ${place} of the expression)`,
        newlines,
    };
}
/** What an expression is to give; `undefined`: anything, or it is not known. */
function kindExpected(field, rule, config) {
    if (field === 'when')
        return 'boolean';
    if (field === 'reasoning')
        return 'string';
    const target = rule.target;
    if (target === undefined || !Object.hasOwn(config.parameters, target))
        return undefined;
    const initial = config.parameters[target]?.initial;
    return initial === undefined || initial === null ? undefined : kindOf(initial);
}
/** Parameters have their initial values; those that a rule adds, the value that it adds. */
function createSamplesFor(rules, config) {
    const measurements = new Set();
    for (const rule of rules) {
        for (const expression of rule.expressions.values()) {
            for (const key of expression.measurements)
                measurements.add(key);
        }
    }
    const values = {};
    for (const [name, { initial }] of Object.entries(config.parameters)) {
        if (initial !== undefined)
            values[name] = initial;
    }
    for (const { text, expressions } of rules) {
        const added = expressions.get('new_value');
        if (text.operation !== 'add' || text.target === undefined || added === undefined)
            continue;
        if (Object.hasOwn(values, text.target))
            continue;
        const value = firstValue(added, createSamples(measurements, values));
        if (value !== undefined)
            values[text.target] = value;
    }
    return createSamples(measurements, values);
}
function firstValue(expression, samples) {
    for (const result of resultsOf(expression.syntax.expr, samples)) {
        try {
            return toValue(result);
        }
        catch {
            // Not a value on this sample; it is reported where the rule itself is checked.
        }
    }
    return undefined;
}
function compileRule({ text, expressions }) {
    const { id, type, operation, target, confidence, impact } = text;
    const function_ = (field) => {
        const expression = expressions.get(field);
        return expression && compileExpression(expression, `${field} of rule ${id}`);
    };
    const sourceOf = (field) => expressions.get(field)?.syntax.text;
    const [when, newValue, oldValue, reasoning] = FIELDS.map(function_);
    return {
        id,
        type,
        operation,
        target,
        confidence,
        impact,
        mode: text.mode,
        usesMetrics: [...expressions.values()].some((expression) => expression.usesMetrics),
        // Checked to give nothing else, except where a parameter has changed its kind since.
        when: (context) => expectKind(when?.(context), 'boolean', `when of rule ${id}`),
        newValue: (context) => newValue?.(context),
        oldValue,
        reasoning: (context) => expectKind(reasoning?.(context), 'string', `reasoning of rule ${id}`),
        source: {
            when: sourceOf('when') ?? '',
            newValue: sourceOf('new_value'),
            oldValue: sourceOf('old_value'),
            reasoning: sourceOf('reasoning') ?? '',
        },
    };
}
function expectKind(value, kind, name) {
    const found = value === undefined ? 'nothing' : kindOf(value);
    if (value === undefined || found !== kind) {
        throw new Error(`${name}: expected a ${kind}, found ${found}`);
    }
    return value;
}
//# sourceMappingURL=rules.js.map