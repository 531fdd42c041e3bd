import type { Attributes, OtlpSettings } from '../domain/otlp.ts';
import type { Sliced } from '../domain/slices.ts';
import type { Task } from '../domain/task.ts';
import { CONVENTIONAL, roleOf } from './conventions.ts';
import { evaluationOf } from './evaluation.ts';
import { Generations } from './generations.ts';
import { inOrder } from './order.ts';
import {
  isNothing,
  isUnmarked,
  type Marks,
  NO_MARKS,
  NO_SUMS,
  Place,
  passesOn,
  type RejectReason,
  type Sums,
} from './place.ts';
import { readAll } from './read-all.ts';
import { readRecord } from './read-logs.ts';
import { readSpan, type Wanted } from './read-spans.ts';
import { EVALUATION, type Evaluation, type Span } from './span.ts';
import { sumsAbove } from './sums.ts';
import { type TaskSources, toTask } from './to-task.ts';

// Makes tasks of spans. Invariants:
//
// 1. A span is handed to its parent's place once, however often it is sent; the task that it is stays what it was.
// 2. An id on a model, a tool or a step goes up to the nearest span that is none of these, whichever comes first.
// 3. What is remembered is bounded: of spans that have come `MAX_SEEN`, of spans to come `MAX_AWAITED`.

/** Spans remembered for log records and children that come after them. */
const MAX_SEEN = 10_000;
const SEEN_MS = 60_000;

/** Spans that are still running, of which children or log records have come. A task takes an hour at most. */
const MAX_AWAITED = 10_000;
const AWAITED_MS = 3_600_000;

/** Levels that something is handed up: far more than any run has. */
const MAX_LEVELS = 64;

/** About how many characters of texts are remembered of spans that have come, and of those that are to come. */
const MAX_BYTES = 64 * 1024 * 1024;

/** Spans of one id that are noticed: retries are a second one. */
const MANY_SPANS = 3;

/** Spans that are taken between two chances for other work. */
const STEP = 32;

/** What an Export leads to. */
export interface Taken {
  /** In the order of their ends, resent ones included. */
  readonly tasks: readonly Task[];
  /** Spans that should have been tasks, by reason. */
  readonly rejected: readonly RejectReason[];
}

/** Counts what is taken in. */
export interface IntakeObserver {
  /** How many items an Export had. */
  came(kind: 'spans' | 'log_records' | 'metrics', count: number): void;
  tasks(count: number): void;
  rejected(reason: RejectReason): void;
  /** `MANY_SPANS` spans have the same id, which so is none of a task. */
  idRepeats(): void;
}

/** Where the intake looks things up. */
export interface IntakePorts {
  settings(): OtlpSettings;
  isParameter(name: string): boolean;
  readonly sequenceOf: TaskSources['sequenceOf'];
  /** Unix time in milliseconds. */
  wallNow(): number;
  monotonic(): number;
  readonly observer: IntakeObserver;
}

interface Batch {
  readonly tasks: Task[];
  readonly rejected: RejectReason[];
}

export class Intake {
  readonly #ports: IntakePorts;
  readonly #seen = new Generations<Place>(MAX_SEEN, SEEN_MS, MAX_BYTES);
  readonly #awaited = new Generations<Place>(MAX_AWAITED, AWAITED_MS, MAX_BYTES);
  /** Spans of each id. */
  readonly #ids = new Generations<number>(MAX_SEEN, SEEN_MS);

  constructor(ports: IntakePorts) {
    this.#ports = ports;
  }

  /** Takes an ExportTraceServiceRequest. Throws MALFORMED, and then takes nothing of it. */
  *takeSpans(bytes: Uint8Array): Sliced<Taken> {
    const { attributes } = this.#ports.settings();
    const wanted: Wanted = (key) => CONVENTIONAL.has(key) || attributes.has(key);
    const spans = yield* readAll(bytes, wanted, (reader, item) => readSpan(reader, item, wanted));
    const batch: Batch = { tasks: [], rejected: [] };
    for (const [index, span] of inOrder(spans).entries()) {
      this.#take(span, batch);
      if (index % STEP === 0) yield;
    }
    this.#ports.observer.came('spans', spans.length);
    return this.#end(batch);
  }

  /** Takes an ExportLogsServiceRequest. Throws MALFORMED, and then takes nothing of it. */
  *takeLogs(bytes: Uint8Array): Sliced<Taken> {
    const records = yield* readAll(bytes, () => false, readRecord);
    const batch: Batch = { tasks: [], rejected: [] };
    for (const [index, logged] of records.entries()) {
      if (logged !== undefined) {
        const marks = { named: [], evaluations: this.#ours([logged.evaluation]) };
        this.#handUp(logged.spanKey, marks, NO_SUMS, batch);
      }
      if (index % STEP === 0) yield;
    }
    this.#ports.observer.came('log_records', records.length);
    return this.#end(batch);
  }

  #end(batch: Batch): Taken {
    const { observer } = this.#ports;
    observer.tasks(batch.tasks.length);
    for (const reason of batch.rejected) observer.rejected(reason);
    return batch;
  }

  #take(span: Span, batch: Batch): void {
    const known = span.key === '' ? undefined : this.#seen.get(span.key);
    if (known !== undefined) {
      tell(known, batch);
      return;
    }
    const place = this.#awaited.get(span.key) ?? new Place();
    this.#awaited.delete(span.key);
    const role = roleOf(span);
    const marks = this.#marksOf(span);
    place.mark(marks);
    // The others are not looked at again.
    const kept = { ...span, evaluations: [] };
    place.arrived = { span: kept, role };
    const bytes = bytesOf(kept.attributes) + bytesOfMarks(marks);
    if (span.key !== '') this.#seen.set(span.key, place, this.#ports.monotonic(), bytes);
    const passed = passesOn(place) ? place.marks : NO_MARKS;
    if (passed !== NO_MARKS) place.marks = NO_MARKS;
    this.#handUp(span.parentKey, passed, sumsAbove(span, role, place.sums), batch);
    this.#settle(place, batch);
  }

  /** Hands marks to the nearest span that may be a task, and sums to all above. */
  #handUp(from: string, marksBelow: Marks, sumsBelow: Sums, batch: Batch): void {
    let [key, marks, sums] = [from, marksBelow, sumsBelow];
    for (let level = 0; level < MAX_LEVELS && key !== ''; level++) {
      if (isUnmarked(marks) && isNothing(sums)) return;
      const place = this.#seen.get(key);
      if (place?.arrived === undefined) {
        const awaited = this.#awaited.get(key) ?? new Place();
        awaited.mark(marks);
        awaited.add(sums);
        this.#awaited.set(key, awaited, this.#ports.monotonic(), bytesOfMarks(marks));
        return;
      }
      place.add(sums);
      if (!passesOn(place) && !isUnmarked(marks)) {
        place.mark(marks);
        this.#settle(place, batch);
        marks = NO_MARKS;
      }
      const { span, role } = place.arrived;
      if (role === 'agent') sums = { ...sums, agents: [] };
      key = span.parentKey;
    }
  }

  #settle(place: Place, batch: Batch): void {
    if (place.result !== undefined) return;
    const { settings, sequenceOf, wallNow, observer, monotonic } = this.#ports;
    place.result = toTask(place, { settings: settings(), wallMs: wallNow(), sequenceOf });
    tell(place, batch);
    if (place.result === undefined || !('taskId' in place.result)) return;
    const { taskId } = place.result;
    const spans = (this.#ids.get(taskId) ?? 0) + 1;
    this.#ids.set(taskId, spans, monotonic());
    if (spans === MANY_SPANS) observer.idRepeats();
  }

  #marksOf(span: Span): Marks {
    const { attributes, evaluations, name } = span;
    const key = this.#ports.settings().id.find((one) => (attributes[one] ?? '') !== '');
    // A hook may write a span of its own.
    const own = name === EVALUATION ? evaluationOf(attributes) : undefined;
    return {
      named: key === undefined ? [] : [String(attributes[key])],
      evaluations: this.#ours(own === undefined ? evaluations : [...evaluations, own]),
    };
  }

  #ours(evaluations: readonly Evaluation[]): readonly Evaluation[] {
    return evaluations.filter(({ parameter }) => this.#ports.isParameter(parameter));
  }
}

/** About what texts and numbers take. */
function bytesOf(attributes: Attributes): number {
  return Object.values(attributes).reduce<number>((sum, value) => sum + String(value).length, 0);
}

function bytesOfMarks({ named, evaluations }: Marks): number {
  const texts = [...named, ...evaluations.flatMap(({ id, parameter }) => [id, parameter])];
  return texts.reduce((sum, text) => sum + text.length, 0);
}

function tell({ result }: Place, batch: Batch): void {
  if (result === undefined) return;
  if ('rejected' in result) batch.rejected.push(result.rejected);
  else batch.tasks.push(result);
}
