/** A config that cannot be used; `faults` holds everything found wrong with it, by line. */
export class ConfigError extends Error {
    name = 'ConfigError';
    faults;
    constructor(faults, options) {
        super(faults.map(formatFault).join('\n'), options);
        this.faults = faults;
    }
}
/** `file:line: path: message`, in one line. */
export function formatFault(fault) {
    const where = fault.path === '' ? '' : `${fault.path}: `;
    return `${fault.file}:${fault.line}: ${where}${fault.message}`;
}
const PLAIN_KEY = /^[A-Za-z_$][\w$-]*$/;
/** `['rules', 0, 'when']` as `rules[0].when`; keys that are not plain words are quoted. */
export function formatPath(path) {
    let text = '';
    for (const part of path) {
        if (typeof part === 'number')
            text += `[${part}]`;
        else if (!PLAIN_KEY.test(part))
            text += `[${JSON.stringify(part)}]`;
        else
            text += text === '' ? part : `.${part}`;
    }
    return text;
}
//# sourceMappingURL=fault.js.map