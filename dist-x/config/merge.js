import { DEFAULT_CONFIG } from './default-config.js';
import { checkStructure } from './structure.js';
import { parseYamlDocument } from './yaml-document.js';
/** Sections key by key, parameters field by field, rules whole. */
export function mergeOverDefaults(file) {
    const base = readDefaults();
    return {
        version: file.version === undefined ? 'unknown' : String(file.version),
        cycle: over(base.cycle, file.cycle),
        recording: over(base.recording, file.recording),
        metrics: over(base.metrics, file.metrics),
        reflection: {
            ...over(base.reflection, file.reflection),
            weights: over(base.reflection.weights, file.reflection?.weights),
        },
        curation: over(base.curation, file.curation),
        trial: over(base.trial, file.trial),
        monitoring: over(base.monitoring, file.monitoring),
        ledger: over(base.ledger, file.ledger),
        parameters: mergeParameters(base.parameters ?? {}, file.parameters ?? {}),
        rules: file.rules ?? base.rules ?? [],
        hasBuiltInRules: file.rules === undefined,
    };
}
function mergeParameters(base, file) {
    const merged = { ...base };
    for (const [name, parameter] of Object.entries(file)) {
        merged[name] = { ...(Object.hasOwn(base, name) ? base[name] : {}), ...parameter };
    }
    return merged;
}
function over(base, top) {
    // Files hold no `undefined`, and each of these has passed the same schema as the base.
    return { ...base, ...top };
}
let defaults;
function readDefaults() {
    if (defaults === undefined) {
        const { file, faults, unknownKeys } = checkStructure(parseYamlDocument(DEFAULT_CONFIG));
        const fault = faults[0] ?? unknownKeys[0];
        if (fault !== undefined)
            throw new Error(`the embedded defaults: ${fault.message}`);
        // They have every key: a test loads them.
        defaults = file;
    }
    return defaults;
}
//# sourceMappingURL=merge.js.map