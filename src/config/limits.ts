/** What a number in the config may be. */
export interface NumberRange {
  readonly min: number;
  readonly max: number;
  /** `min` itself is not allowed. */
  readonly above?: true;
  /** Beside `above`: nor is `max`. */
  readonly below?: true;
  /** Only whole numbers. */
  readonly whole?: true;
}

// A year: longer is a slip of the pen, and far from where milliseconds lose precision.
const MAX_SECONDS = 31_536_000;

/**
 * Seconds between cycles. Fractions serve tests; below 0.01 the loop would do nothing but commit.
 * A day: timers reach 24 days at most.
 */
export const INTERVAL_SECONDS: NumberRange = { min: 0.01, max: 86_400 };

/** Tasks retained. They are held in memory, and each cycle may read them all. */
export const HISTORY_LIMIT: NumberRange = { min: 1, max: 100_000, whole: true };

/** Tasks in the window. More than are retained can never be there: see also `history_limit`. */
export const ANALYSIS_WINDOW: NumberRange = { min: 1, max: 100_000, whole: true };

/** Tasks before the first proposal. More than are retained would mean never. */
export const MIN_TASKS: NumberRange = { min: 1, max: 100_000, whole: true };

/** Task ids remembered: about 100 bytes each, so 1 GB at the most. 0 = duplicates are counted. */
export const DEDUP_WINDOW: NumberRange = { min: 0, max: 10_000_000, whole: true };

/** Seconds until metrics, or the tasks of a window, are too old. 0 = never. */
export const MAX_AGE_SECONDS: NumberRange = { min: 0, max: MAX_SECONDS };

/** Characters of a metric's name: its key is at most 64 bytes on the wire. */
export const MAX_METRIC_LENGTH = 64;

/** The score runs from 0 to 100. */
export const MIN_SCORE: NumberRange = { min: 0, max: 100 };

/** A confidence is a share. */
export const CONFIDENCE: NumberRange = { min: 0, max: 1 };

/** Seconds that a rule's condition must have held. 0 = it acts at once. */
export const FOR_SECONDS: NumberRange = { min: 0, max: MAX_SECONDS };

/** Points of a part of the score, which is clamped at 100: ten times that is plenty. */
export const WEIGHT: NumberRange = { min: 0, max: 1000 };

/** Seconds that a target rests. 0 = none. */
export const COOLDOWN_SECONDS: NumberRange = { min: 0, max: MAX_SECONDS };

/** Deltas put in force in an hour. 0 = no bound. */
export const MAX_DELTAS_PER_HOUR: NumberRange = { min: 0, max: 1_000_000, whole: true };

/** Seconds that a proposal waits. At 0 it would expire before anyone saw it. */
export const PROPOSAL_TTL_SECONDS: NumberRange = { min: 0, above: true, max: MAX_SECONDS };

/**
 * Seconds until a delta that no client has acknowledged is reverted. 0 = never: clients need not
 * acknowledge anything.
 */
export const ACK_TIMEOUT_SECONDS: NumberRange = { min: 0, max: MAX_SECONDS };

/** Most that one delta may move a parameter. At 0 it could never move. */
export const MAX_STEP: NumberRange = { min: 0, above: true, max: Number.MAX_VALUE };

/** Tasks in one block of a switchback trial: two pairs fit into the 200 that a trial uses. */
export const BLOCK_TASKS: NumberRange = { min: 1, max: 50, whole: true };

/** Tasks that an unpaired one waits for its like. 0 = it does not. */
export const PAIR_WAIT_TASKS: NumberRange = { min: 0, max: 100_000, whole: true };

/** Seconds until an outcome counts as missing. At 0 all would. */
export const OUTCOME_TIMEOUT_SECONDS: NumberRange = { min: 0, above: true, max: MAX_SECONDS };

/** Seconds until a trial ends, inconclusive. */
export const TRIAL_SECONDS: NumberRange = { min: 0, above: true, max: MAX_SECONDS };

/** Tasks of a probation, at most: about as many as prove a few percent. */
export const PROBATION_TASKS: NumberRange = { min: 1, max: 1_000_000, whole: true };

/** Seconds until a probation ends. At 0 nothing would ever be proven. */
export const PROBATION_SECONDS: NumberRange = { min: 0, above: true, max: MAX_SECONDS };

/** Share of tasks that keep an old value that is known to be worse. More would cost more than it tells. */
export const HOLDBACK: NumberRange = { min: 0, max: 0.2 };

/** A margin is a share: at 0 it could never be proven, at 1 it would allow anything. */
export const MARGIN: NumberRange = { min: 0, above: true, max: 1, below: true };

/** Milliseconds that a failed task counts as at least. At 0 it would be good to fail fast. */
export const TRIAL_TIMEOUT_MS: NumberRange = { min: 0, above: true, max: Number.MAX_VALUE };

/** Characters of a seed: far more than chance needs, and each trial keeps its own. */
export const MAX_SEED_LENGTH = 128;

/** Guards of a rule. Harm in one is one part of the mean over all: the more, the later it shows. */
export const MAX_GUARDS = 8;

/** Bytes of a measurement's name: those of its key on the wire. */
export const MAX_MEASUREMENT_BYTES = 64;

/** Names of measurements that a trial can look at; some words mean something else there. */
export const MEASUREMENT_NAME = /^(?!(?:outcome|latency|success|__proto__)$)/;

/** Deltas or cycles kept in the ledger's history; about 1 KB each. */
export const RETAINED: NumberRange = { min: 1, max: 1_000_000, whole: true };

/** Hours between two backups. */
export const BACKUP_HOURS: NumberRange = { min: 0, above: true, max: 168 };

export const BACKUPS_KEPT: NumberRange = { min: 1, max: 1000, whole: true };

/** Rules are all evaluated in every cycle, at some microseconds each. */
export const MAX_RULES = 1000;

/** Values that a parameter may be limited to; searched one after the other. */
export const MAX_ALLOWED = 1000;

/** Levels of lists and objects in a value. protobuf refuses messages nested about 100 deep. */
export const MAX_VALUE_DEPTH = 16;

/** Labels to pair or predict by; a task has at most 64. */
export const MAX_LABELS = 64;

/** Characters of a label's name: a label's key is at most 64 bytes on the wire. */
export const MAX_LABEL_LENGTH = 64;

/** Unary calls under way. Each costs some 10 KB while it is, and the last of 100,000 waits for seconds. */
export const MAX_PENDING_CALLS: NumberRange = { min: 1, max: 100_000, whole: true };

/** Streams in all. An idle one costs some 20 KB, and each change is written to every one. */
export const MAX_STREAMS: NumberRange = { min: 1, max: 100_000, whole: true };

/** Streams of one connection. The more it may have open, the more calls may come in one rush. */
export const MAX_STREAMS_PER_CLIENT: NumberRange = { min: 1, max: 100_000, whole: true };

/** Connections. An idle one costs some 50 KB, and each is a file that the process has open. */
export const MAX_CONNECTIONS: NumberRange = { min: 1, max: 100_000, whole: true };

/** Names that a client's certificate may have; compared one after the other at each handshake. */
export const MAX_ALLOWED_NAMES = 1000;

/** Characters of such a name: those of the longest host name, with room for a URI. */
export const MAX_NAME_LENGTH = 1024;

/** Characters of `version`: it is shown in GetStatus and in a metric's label. */
export const MAX_VERSION_LENGTH = 128;

/** Characters of a path: what Linux takes. */
export const MAX_PATH_LENGTH = 4096;

/** Bytes of a config file: a thousand rules fit ten times; a wrong file is refused early. */
export const MAX_CONFIG_BYTES = 4 * 1024 * 1024;

/** Values in a config file, aliases written out: some bytes of YAML can name billions. */
export const MAX_CONFIG_NODES = 200_000;

/** Levels in a config file; the deepest that means anything is a value in a parameter. */
export const MAX_CONFIG_DEPTH = 64;

/** Names of parameters: usable in labels and paths. Two leading underscores are reserved. */
export const PARAMETER_NAME = /^(?!__)[A-Za-z_][A-Za-z0-9_.-]{0,127}$/;

/** Ids of rules: short enough for a label, without spaces. */
export const RULE_ID = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/** Characters of an expression: a screenful is hard enough to read. Bounds what it can cost. */
export const MAX_EXPRESSION_LENGTH = 4096;

/** Levels of an expression. Evaluation recurses; the stack holds some ten thousand calls. */
export const MAX_EXPRESSION_DEPTH = 100;

/** Macros (`all`, `exists`, `map`, `filter`) within macros. The cost is a power of this. */
export const MAX_MACRO_NESTING = 2;

/** Elements of a list or map written out in an expression: it may be ranged over, in a nest. */
export const MAX_LITERAL_ELEMENTS = 100;

/** Decimals that a format may ask for: as many as JavaScript's own functions take. */
export const MAX_FORMAT_PRECISION = 100;

/** Characters of a text that an expression makes; far more than anyone reads. */
export const MAX_TEXT_LENGTH = 4096;

/** Elements of a list that an expression makes. `map` copies it for every element it adds. */
export const MAX_LIST_LENGTH = 4096;
