import { create } from '@bufbuild/protobuf';
import { pathToString } from '@bufbuild/protobuf/reflect';
import { createValidator } from '@bufbuild/protovalidate';
import { unaryHandler } from './handlers.js';
import { createFindings, MAX_VIOLATIONS, refusal } from './violations.js';
// One object per violation: a list of four million bad items would take gigabytes.
const MAX_ITEMS_TO_REPORT = 10_000;
/**
 * A validator of the rules in the proto. The first message of a type costs milliseconds, the
 * first of all tens of them: see {@link warmUp}.
 */
export function createValidate() {
    const anyFault = createValidator({ failFast: true });
    const allFaults = createValidator();
    return (schema, message) => {
        const first = anyFault.validate(schema, message);
        if (first.kind === 'valid')
            return;
        if (first.kind === 'error')
            throw first.error;
        if (countItems(schema, message) > MAX_ITEMS_TO_REPORT)
            throw refusalOf(first.violations);
        const all = allFaults.validate(schema, message);
        throw refusalOf(all.violations ?? first.violations);
    };
}
/** Validates an empty message of each type, so that no client waits for the first time. */
export function warmUp(validate, schemas) {
    for (const schema of schemas) {
        try {
            validate(schema, create(schema));
        }
        catch {
            // An empty message may be invalid; the rules are compiled all the same.
        }
    }
}
function refusalOf(violations) {
    const findings = createFindings(MAX_VIOLATIONS);
    for (const { field, message, ruleId } of violations) {
        findings.add(pathToString(field), message || ruleId);
    }
    return refusal(findings);
}
/** Items of a message's own lists and maps. */
function countItems(schema, message) {
    let count = 0;
    for (const { fieldKind, localName } of schema.fields) {
        if (fieldKind !== 'list' && fieldKind !== 'map')
            continue;
        // A message's own fields are properties by their local names; lists and maps are objects.
        const items = message[localName] ?? [];
        count += Array.isArray(items) ? items.length : Object.keys(items).length;
    }
    return count;
}
/** Makes unary handlers whose requests are checked by the rules in their proto. */
export function unaryByRules(environment, validate) {
    return (method, run) => unaryHandler(environment, method, (request) => validate(method.input, request), run);
}
//# sourceMappingURL=validate.js.map