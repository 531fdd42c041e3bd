import type { Logger } from 'pino';
import type { Metrics } from '../admin/metrics/metrics.ts';
import type { OtlpSettings } from '../domain/otlp.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { IntakeObserver } from '../otlp/intake.ts';
import { createSamplingHint } from './sampling-hint.ts';

/** Spans without a task among them after which something is likely wrong. */
const MANY_SPANS = 1000;

const NO_TASKS =
  'spans come, and none is a task: by default a task is a span that carries a task id, as an attribute named in ' +
  'otlp.id or by an evaluation of a parameter within it; see docs/opentelemetry.md';
const SEVERAL_IDS =
  'a span is marked by several task ids, and is a task of none: open a span for each task, and ask for its ' +
  'parameters inside it';
const REPEATED_ID =
  'several spans have the same task id: the first outcome counts, the others are duplicates. Where ids are those ' +
  'of users or sessions, give each task an id of its own as targeting key';

/** Logs and counts what is taken in by OTLP. */
interface OtlpObserver extends IntakeObserver {
  /** Whether tasks have come by OTLP. */
  readonly hasTasks: boolean;
}

/** Each warning is logged once. */
function createOtlpObserver(log: Logger, metrics: Metrics): OtlpObserver {
  const warned = new Set<string>();
  const warn = (text: string) => {
    if (!warned.has(text)) log.warn(text);
    warned.add(text);
  };
  let spans = 0;
  let tasks = 0;
  return {
    get hasTasks() {
      return tasks > 0;
    },
    came(kind, count) {
      metrics.otlp.came(kind, count);
      if (kind !== 'spans') return;
      spans += count;
      if (spans >= MANY_SPANS && tasks === 0) warn(NO_TASKS);
    },
    tasks(count) {
      tasks += count;
      metrics.otlp.tasks(count);
    },
    rejected(reason) {
      metrics.otlp.rejected(reason);
      if (reason === 'several_ids') warn(SEVERAL_IDS);
    },
    idRepeats: () => warn(REPEATED_ID),
  };
}

/** How the service takes in OTLP; `undefined` if it does not. What is wrong with it is logged. */
export function takeOtlp(
  ledger: Pick<Ledger, 'onCommit'>,
  settings: () => OtlpSettings,
  log: Logger,
  metrics: Metrics,
) {
  if (!settings().enabled) return undefined;
  const observer = createOtlpObserver(log, metrics);
  ledger.onCommit(createSamplingHint(log, () => observer.hasTasks));
  return { settings, observer, defer: setImmediate };
}
