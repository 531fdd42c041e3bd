import type { Timestamp } from '@bufbuild/protobuf/wkt';
import {
  MAX_CPU_PERCENT,
  MAX_ID_BYTES,
  MAX_LABEL_BYTES,
  MAX_LABEL_KEY_BYTES,
  MAX_LABELS,
} from '../../domain/task.ts';
import type {
  RecordTaskRequest,
  RecordTasksRequest,
  ReportMetricsRequest,
  ResolveParametersRequest,
} from '../../gen/learning/v1/learning_service_pb.ts';
import {
  type CoordinationMetrics,
  type Task,
  TaskStatusSchema,
} from '../../gen/learning/v1/task_pb.ts';
import { createFindings, entryPath, type Findings, refusal } from '../../wire/violations.ts';

// The validation rules of task.proto and of the requests that come with every task, written by hand: protovalidate
// takes longer to check a task than decoding takes. A property test checks that this code and protovalidate agree. One
// rule is checked only here: the range of the nanos of a time, which protovalidate takes for granted.

const MAX_BATCH = 1000;
const MIN_SECONDS = -62_135_596_800n;
const MAX_SECONDS = 253_402_300_799n;
const MAX_NANOS = 999_999_999;

const EXPECTED_PAIRS = `map must be at most ${MAX_LABELS} entries`;
const EXPECTED_FINITE = 'must be finite';
const EXPECTED_TIME =
  'must be greater than or equal to 0001-01-01T00:00:00Z' +
  ' and less than or equal to 9999-12-31T23:59:59.999999999Z';
const EXPECTED_NANOS = 'nanos must be 0 to 999999999';

/** Throws INVALID_FIELD, naming the fields, where the request breaks a rule of its proto. */
export function checkRecordTask(request: RecordTaskRequest): void {
  const site = createSite();
  if (request.task === undefined) site.report('task', 'value is required');
  else checkTask(request.task, site.within('task'));
  if (request.metrics !== undefined) checkMetrics(request.metrics, site.within('metrics'));
  checkBytes(request.clientId, MAX_ID_BYTES, 'client_id', site.within(''));
  site.refuse();
}

/** Throws INVALID_FIELD, naming the fields, where the request breaks a rule of its proto. */
export function checkRecordTasks(request: RecordTasksRequest): void {
  const { tasks, metrics, clientId } = request;
  const site = createSite();
  if (tasks.length === 0) site.report('tasks', 'must contain at least 1 item(s)');
  if (tasks.length > MAX_BATCH) {
    site.report('tasks', `must contain no more than ${MAX_BATCH} item(s)`);
  }
  for (let i = 0; i < tasks.length; i++) {
    const task = tasks[i];
    if (task !== undefined) checkTask(task, site.within('tasks', i));
  }
  if (metrics !== undefined) checkMetrics(metrics, site.within('metrics'));
  checkBytes(clientId, MAX_ID_BYTES, 'client_id', site.within(''));
  site.refuse();
}

/** Throws INVALID_FIELD, naming the fields, where the request breaks a rule of its proto. */
export function checkReportMetrics(request: ReportMetricsRequest): void {
  const site = createSite();
  if (request.metrics === undefined) site.report('metrics', 'value is required');
  else checkMetrics(request.metrics, site.within('metrics'));
  site.refuse();
}

/** Throws INVALID_FIELD, naming the fields, where the request breaks a rule of its proto. */
export function checkResolveParameters(request: ResolveParametersRequest): void {
  const { taskId, labels, clientId } = request;
  const site = createSite();
  checkBytes(taskId, MAX_ID_BYTES, 'task_id', site);
  checkLabels(labels, 'labels', site);
  checkBytes(clientId, MAX_ID_BYTES, 'client_id', site);
  site.refuse();
}

function checkTask(task: Task, site: Site): void {
  checkBytes(task.taskId, MAX_ID_BYTES, 'task_id', site);
  checkBytes(task.agentId, MAX_ID_BYTES, 'agent_id', site);
  if (TaskStatusSchema.value[task.status] === undefined) {
    site.report('status', 'value must be one of the defined enum values');
  }
  checkLatency(task.latencyMs, site);
  checkTime(task.finishTime, 'finish_time', site);
  checkLabels(task.labels, 'labels', site);
  checkNumbers(task.measurements, 'measurements', site);
  checkBytes(task.clientId, MAX_ID_BYTES, 'client_id', site);
}

function checkLatency(latency: number | undefined, site: Site): void {
  if (latency === undefined) return;
  // Written so that NaN fails.
  if (!(latency >= 0)) site.report('latency_ms', 'must be greater than or equal to 0');
  if (!Number.isFinite(latency)) site.report('latency_ms', EXPECTED_FINITE);
}

function checkMetrics(metrics: CoordinationMetrics, site: Site): void {
  const percent = metrics.cpuPercent;
  if (!(percent >= 0 && percent <= MAX_CPU_PERCENT)) {
    const range = `greater than or equal to 0 and less than or equal to ${MAX_CPU_PERCENT}`;
    site.report('cpu_percent', `must be ${range}`);
  }
  if (!Number.isFinite(percent)) site.report('cpu_percent', EXPECTED_FINITE);
  checkNumbers(metrics.values, 'values', site);
  checkTime(metrics.observeTime, 'observe_time', site);
  checkBytes(metrics.clientId, MAX_ID_BYTES, 'client_id', site);
}

function checkLabels(labels: Task['labels'], field: string, site: Site): void {
  let pairs = 0;
  for (const key in labels) {
    pairs++;
    if (!fits(key, MAX_LABEL_KEY_BYTES))
      site.report(entryPath(field, key), atMostBytes(MAX_LABEL_KEY_BYTES));
    if (!fits(labels[key] ?? '', MAX_LABEL_BYTES)) {
      site.report(entryPath(field, key), atMostBytes(MAX_LABEL_BYTES));
    }
  }
  if (pairs > MAX_LABELS) site.report(field, EXPECTED_PAIRS);
}

function checkNumbers(numbers: Task['measurements'], field: string, site: Site): void {
  let pairs = 0;
  for (const key in numbers) {
    pairs++;
    if (!fits(key, MAX_LABEL_KEY_BYTES))
      site.report(entryPath(field, key), atMostBytes(MAX_LABEL_KEY_BYTES));
    if (!Number.isFinite(numbers[key])) site.report(entryPath(field, key), EXPECTED_FINITE);
  }
  if (pairs > MAX_LABELS) site.report(field, EXPECTED_PAIRS);
}

function checkTime(time: Timestamp | undefined, field: string, site: Site): void {
  if (time === undefined) return;
  const { seconds, nanos } = time;
  if (seconds < MIN_SECONDS || seconds > MAX_SECONDS) site.report(field, EXPECTED_TIME);
  if (nanos < 0 || nanos > MAX_NANOS) site.report(field, EXPECTED_NANOS);
}

function checkBytes(text: string, maxBytes: number, field: string, site: Site): void {
  if (!fits(text, maxBytes)) site.report(field, atMostBytes(maxBytes));
}

/** Whether a text's UTF-8 takes at most `maxBytes`: 1 to 3 bytes per UTF-16 code unit. */
function fits(text: string, maxBytes: number): boolean {
  const { length } = text;
  return length * 3 <= maxBytes || (length <= maxBytes && Buffer.byteLength(text) <= maxBytes);
}

function atMostBytes(count: number): string {
  return `must be at most ${count} bytes`;
}

/** The message that is being checked, and what was found in the request so far. */
interface Site {
  /** Turns to another message of the request. */
  within(parent: string, index?: number): Site;
  /** `field` is the path in the message that is being checked; outside any message, the path in the request. */
  report(field: string, expected: string): void;
  /** Throws if anything was reported. */
  refuse(): void;
}

function createSite(): Site {
  let findings: Findings | undefined;
  let parent = '';
  let index = -1;
  return {
    within(nextParent, nextIndex = -1) {
      parent = nextParent;
      index = nextIndex;
      return this;
    },
    report(field, expected) {
      findings ??= createFindings();
      const place = index < 0 ? parent : `${parent}[${index}]`;
      findings.add(place === '' ? field : `${place}.${field}`, expected);
    },
    refuse() {
      if (findings !== undefined) throw refusal(findings);
    },
  };
}
