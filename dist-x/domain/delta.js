export const DELTA_TYPES = ['coordination', 'strategy', 'resource', 'metric'];
export const DELTA_OPERATIONS = ['modify', 'add', 'remove', 'adjust'];
export const DELTA_IMPACTS = ['positive', 'negative', 'neutral'];
//# sourceMappingURL=delta.js.map