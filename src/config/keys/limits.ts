/** Seconds of any duration: a year. Longer is a slip; in milliseconds, a year is far from losing precision. */
export const MAX_SECONDS = 31_536_000;

/** Characters of a metric's name: its key is at most 64 bytes on the wire. */
export const MAX_METRIC_LENGTH = 64;

/** Characters of a seed: far more than chance needs, and each trial keeps its own. */
export const MAX_SEED_LENGTH = 128;

/** Guards of a rule. Harm is judged by a mean over all of them: the more guards, the later harm in one shows. */
export const MAX_GUARDS = 8;

/** Bytes of a measurement's name: the bound of its key on the wire. */
export const MAX_MEASUREMENT_BYTES = 64;

/** Names of measurements that a trial can look at; `outcome`, `latency` and `success` name other metrics. */
export const MEASUREMENT_NAME = /^(?!(?:outcome|latency|success|__proto__)$)/;

/** Rules of a config: every cycle evaluates all of them, at some microseconds each. */
export const MAX_RULES = 1000;

/** Values that a parameter may be limited to; searched one after the other. */
export const MAX_ALLOWED = 1000;

/** Parameters that one parameter names as interfering: as many as there may be parameters. */
export const MAX_INTERFERING = 1000;

/** Values that a search chooses from: each takes a race of up to 200 tasks, in every round. */
export const MAX_SEARCHED = 32;

/** Levels of lists and objects in a value. protobuf refuses messages nested about 100 deep. */
export const MAX_VALUE_DEPTH = 16;

/** Expressions of one kind in `otlp`: a task has at most 64 labels and measurements, five of each ours. */
export const MAX_OTLP_ENTRIES = 56;

/** Characters of an attribute's, or an instrument's, name. */
export const MAX_ATTRIBUTE_LENGTH = 256;

/** Labels to pair or predict by; a task has at most 64. */
export const MAX_LABELS = 64;

/** Characters of a label's name: a label's key is at most 64 bytes on the wire. */
export const MAX_LABEL_LENGTH = 64;

/** Names that a client's certificate may have; compared one after the other at each handshake. */
export const MAX_ALLOWED_NAMES = 1000;

/** Characters of a name in a certificate: enough for the longest host name, with room for a URI. */
export const MAX_NAME_LENGTH = 1024;

/** Characters of `version`: it is shown in GetStatus and in a metric's label. */
export const MAX_VERSION_LENGTH = 128;

/** Characters of a path: what Linux takes. */
export const MAX_PATH_LENGTH = 4096;

/**
 * The largest config file, in bytes: ten times what a thousand rules take. A file named by mistake is refused
 * before it is parsed.
 */
export const MAX_CONFIG_BYTES = 4 * 1024 * 1024;

/** Values in a config file, with aliases written out: a few bytes of YAML can stand for billions of values. */
export const MAX_CONFIG_NODES = 200_000;

/** Levels in a config file; the deepest that means anything is a value in a parameter. */
export const MAX_CONFIG_DEPTH = 64;

/** Names of parameters: usable in labels and paths. Two leading underscores are reserved. */
export const PARAMETER_NAME = /^(?!__)[A-Za-z_][A-Za-z0-9_.-]{0,127}$/;

/** Ids of rules: without spaces, and short enough for the label `rule_id` of a metric. */
export const RULE_ID = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/** Characters of an expression: a screenful is hard enough to read. Bounds what it can cost. */
export const MAX_EXPRESSION_LENGTH = 4096;

/** Levels of an expression. Evaluation recurses; the stack holds some ten thousand calls. */
export const MAX_EXPRESSION_DEPTH = 100;

/** Macros (`all`, `exists`, `map`, `filter`) within macros: the exponent of what an expression can cost. */
export const MAX_MACRO_NESTING = 2;

/** The longest literal list or map: the base of what nested macros over it can cost. */
export const MAX_LITERAL_ELEMENTS = 100;

/** Decimals that a format may ask for: as many as JavaScript's own functions take. */
export const MAX_FORMAT_PRECISION = 100;

/** Characters of a text that an expression makes; far more than anyone reads. */
export const MAX_TEXT_LENGTH = 4096;

/** Elements of a list that an expression makes. `map` copies the list for every element that it adds. */
export const MAX_LIST_LENGTH = 4096;
