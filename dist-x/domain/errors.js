/** A refusal that the caller is told about. */
export class LearningError extends Error {
    name = 'LearningError';
    reason;
    violations;
    constructor(reason, message, options = {}) {
        super(message, 'cause' in options ? { cause: options.cause } : undefined);
        this.reason = reason;
        this.violations = options.violations ?? [];
    }
}
/** A request whose fields are out of bounds. */
export function invalidFields(violations) {
    const text = violations.map((v) => `${v.field}: ${v.description}`).join('; ');
    return new LearningError('INVALID_FIELD', text, { violations });
}
//# sourceMappingURL=errors.js.map