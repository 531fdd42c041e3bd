import { create } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { ExportTraceServiceRequestSchema } from '../../src/gen/opentelemetry/proto/collector/trace/v1/trace_service_pb.ts';
import { Status_StatusCode } from '../../src/gen/opentelemetry/proto/trace/v1/trace_pb.ts';
import {
  createIntake,
  EPOCH_MS,
  evaluationEvent,
  evaluationLog,
  requestOf,
  type SpanText,
  spanOf,
  takeLogs,
  takeSpans,
} from './support.ts';

const { ERROR, OK, UNSET } = Status_StatusCode;

/** The only task of a request. */
function taskOf(otlp: Record<string, unknown>, ...spans: SpanText[]) {
  const { tasks } = takeSpans(createIntake(otlp), requestOf(...spans));
  expect(tasks).toHaveLength(1);
  return tasks[0];
}

/** A span that names its task. */
const TASK: SpanText = { id: 1, attributes: { 'learning.task_id': 't1' } };

describe('which span is a task', () => {
  test('one with an id, and no other', () => {
    const { tasks, rejected } = takeSpans(createIntake(), requestOf(TASK, { id: 2 }));
    expect(tasks.map(({ taskId }) => taskId)).toEqual(['t1']);
    expect(rejected).toEqual([]);
  });

  test('by another attribute, the first of those that are named', () => {
    const attributes = { 'job.id': 'j1', 'learning.task_id': 't1' };
    const id = ['no.such', 'job.id', 'learning.task_id'];
    expect(taskOf({ id }, { id: 1, attributes })).toMatchObject({ taskId: 'j1' });
  });

  test('by an evaluation in an event, for a parameter and not for another flag', () => {
    const nope = evaluationEvent('e0', 'new', { 'feature_flag.key': 'nope' });
    const events = [nope, evaluationEvent('e1')];
    expect(taskOf({}, { id: 1, events })).toMatchObject({
      taskId: 'e1',
      variants: { knob: ['new'] },
    });
  });

  test('an attribute takes precedence over an evaluation', () => {
    const task = taskOf({}, { ...TASK, events: [evaluationEvent('e1')] });
    expect(task).toMatchObject({ taskId: 't1' });
    expect(task).not.toHaveProperty('variants');
  });

  test('by a child span of an evaluation, before or after it', () => {
    const child = {
      id: 2,
      parent: 1,
      name: 'feature_flag.evaluation',
      attributes: evaluationEvent('c1').attributes,
    };
    for (const endMs of [50, 100, 150]) {
      expect(taskOf({}, { id: 1 }, { ...child, endMs })).toMatchObject({ taskId: 'c1' });
    }
  });

  test('by a log record before its span', () => {
    const watched = createIntake();
    expect(takeLogs(watched, evaluationLog(1, 'l1')).tasks).toEqual([]);
    const { tasks } = takeSpans(watched, requestOf({ id: 1 }));
    expect(tasks).toMatchObject([{ taskId: 'l1', variants: { knob: ['new'] } }]);
  });

  test('by a log record after its span', () => {
    const watched = createIntake();
    expect(takeSpans(watched, requestOf({ id: 1 })).tasks).toEqual([]);
    expect(takeLogs(watched, evaluationLog(1, 'l1')).tasks).toMatchObject([{ taskId: 'l1' }]);
  });

  test('a log record is waited for while tasks run, and a span is remembered for a minute', () => {
    const watched = createIntake();
    takeLogs(watched, evaluationLog(1, 'l1'));
    takeSpans(watched, requestOf({ id: 2 }));
    watched.time.monotonicMs = 50 * 60_000;
    expect(takeSpans(watched, requestOf({ id: 1 })).tasks).toHaveLength(1);
    // Twice the lifetime, since two generations are kept.
    takeSpans(watched, requestOf({ id: 3 }));
    expect(takeLogs(watched, evaluationLog(3, 'l3')).tasks).toHaveLength(1);
    watched.time.monotonicMs += 121_000;
    takeSpans(watched, requestOf({ id: 4 }));
    watched.time.monotonicMs += 121_000;
    takeSpans(watched, requestOf({ id: 5 }));
    expect(takeLogs(watched, evaluationLog(2, 'l2')).tasks).toEqual([]);
  });

  test.for([
    ['a tool', { 'gen_ai.operation.name': 'execute_tool' }],
    ['a model', { 'gen_ai.operation.name': 'chat' }],
    ['a step', { 'openinference.span.kind': 'CHAIN' }],
  ] as const)('an id on %s goes up, whichever comes first', ([, attributes]) => {
    const agent = {
      id: 1,
      name: 'invoke_agent agent',
      attributes: { 'gen_ai.operation.name': 'invoke_agent' },
    };
    const step = { id: 2, parent: 1, attributes: { 'gen_ai.operation.name': 'cycle' } };
    const marked = { id: 3, parent: 2, attributes, events: [evaluationEvent('up')] };
    for (const order of [
      [agent, step, marked],
      [marked, step, agent],
      [step, marked, agent],
    ]) {
      const watched = createIntake();
      const tasks = order.flatMap((span) => takeSpans(watched, requestOf(span)).tasks);
      expect(tasks).toMatchObject([{ taskId: 'up', agentId: 'agent' }]);
      expect(tasks).toHaveLength(1);
    }
  });

  test('a step at the top stands for itself', () => {
    const attributes = { 'gen_ai.operation.name': 'invoke_workflow', 'learning.task_id': 'w' };
    expect(taskOf({}, { id: 1, attributes })).toMatchObject({ taskId: 'w' });
  });

  test('an expression decides, and sees what it names', () => {
    const tasks =
      'span.name == "job" && span.attributes["job.kind"] != "ping" && scope.name == "jobs"';
    const spans: SpanText[] = [
      { id: 1, name: 'job', scope: 'jobs', attributes: { 'job.kind': 'work' } },
      { id: 2, name: 'job', scope: 'jobs', attributes: { 'job.kind': 'ping' } },
      { id: 3, name: 'job', scope: 'jobs' },
      { id: 4, name: 'job', scope: 'other', attributes: { 'job.kind': 'work' } },
    ];
    const taken = takeSpans(createIntake({ tasks }), requestOf(...spans));
    expect(taken.tasks.map(({ taskId }) => taskId)).toEqual([
      `${'0'.repeat(31)}1-${'0'.repeat(15)}1`,
    ]);
  });
});

describe('what cannot be a task is told', () => {
  test.for<[string, SpanText]>([
    ['several_ids', { id: 1, events: [evaluationEvent('a'), evaluationEvent('b')] }],
    ['no_span_id', { ...TASK, id: 0 }],
    ['reversed_times', { ...TASK, startMs: 100, endMs: 99 }],
    ['no_times', { ...TASK, startMs: -EPOCH_MS }],
    ['long_id', { id: 1, attributes: { 'learning.task_id': 'é'.repeat(129) } }],
  ])('%s', ([reason, span]) => {
    const watched = createIntake();
    const { tasks, rejected } = takeSpans(watched, requestOf(span));
    expect(tasks).toEqual([]);
    expect(rejected).toEqual([reason]);
    expect(watched.rejected).toEqual([reason]);
  });

  test('a word of otlp.status that is none', () => {
    const status = 'span.attributes["verdict"]';
    const attributes = { 'learning.task_id': 't1', verdict: 'fine' };
    const { rejected } = takeSpans(createIntake({ status }), requestOf({ id: 1, attributes }));
    expect(rejected).toEqual(['unknown_status']);
  });

  test('an ordinary span with the same faults is passed over', () => {
    const { rejected } = takeSpans(createIntake(), requestOf({ id: 1, startMs: 100, endMs: 99 }));
    expect(rejected).toEqual([]);
  });

  test('spans of one id are noticed once there are three, each sent once', () => {
    const watched = createIntake();
    const attributes = { 'learning.task_id': 'user-7' };
    for (const id of [1, 2, 2, 2, 3, 4]) takeSpans(watched, requestOf({ id, attributes }));
    expect(watched.repeats.count).toBe(1);
  });
});

describe('status', () => {
  test.for([
    ['success', UNSET, ''],
    ['success', OK, 'TimeoutError'],
    ['failure', ERROR, ''],
    ['failure', ERROR, 'ValueError'],
    ['timeout', ERROR, 'TimeoutError'],
    ['timeout', ERROR, 'DEADLINE_EXCEEDED'],
    ['cancelled', ERROR, 'asyncio.exceptions.CancelledError'],
    ['cancelled', ERROR, 'AbortError'],
  ] as const)('%s of %s, %s', ([expected, status, type]) => {
    const attributes = { 'learning.task_id': 't1', ...(type === '' ? {} : { 'error.type': type }) };
    expect(taskOf({}, { id: 1, status, attributes })).toMatchObject({ status: expected });
  });

  test('by the last exception, where the error has no type; an exception alone is no failure', () => {
    const events = ['ValueError', 'TimeoutError'].map((type) => ({
      name: 'exception',
      attributes: { 'exception.type': type },
    }));
    const attributes = { 'learning.task_id': 't1', 'error.type': '_OTHER' };
    expect(taskOf({}, { id: 1, status: ERROR, attributes, events })).toMatchObject({
      status: 'timeout',
    });
    expect(taskOf({}, { ...TASK, events })).toMatchObject({ status: 'success' });
  });

  test('by an expression, and where it says nothing as without it', () => {
    const status = 'span.status == "UNSET" ? "cancelled" : ""';
    expect(taskOf({ status }, TASK)).toMatchObject({ status: 'cancelled' });
    expect(taskOf({ status }, { ...TASK, status: OK })).toMatchObject({ status: 'success' });
    expect(taskOf({ status }, { ...TASK, status: ERROR })).toMatchObject({ status: 'failure' });
  });

  test('failures of tools and of tries below do not count', () => {
    const tool = { 'gen_ai.operation.name': 'execute_tool' };
    const task = taskOf({}, TASK, { id: 2, parent: 1, status: ERROR, attributes: tool, endMs: 50 });
    expect(task).toMatchObject({ status: 'success', measurements: { tool_errors: 1 } });
  });
});

describe('times', () => {
  test('latency and finish time', () => {
    const task = taskOf({}, { ...TASK, startMs: 10, endMs: 35.5 });
    expect(task?.latencyMs).toBeCloseTo(25.5, 2);
    expect(task?.finishTimeMs).toBeCloseTo(EPOCH_MS + 35.5, 2);
  });

  test('a clock that is ahead: not later than now, and the latency stays', () => {
    const watched = createIntake();
    watched.time.wallMs = EPOCH_MS - 5000;
    const [task] = takeSpans(watched, requestOf({ ...TASK, startMs: 0, endMs: 40 })).tasks;
    expect(task).toMatchObject({ finishTimeMs: EPOCH_MS - 5000 });
    expect(task?.latencyMs).toBeCloseTo(40, 2);
  });

  test('tasks come in the order of their ends', () => {
    const spans = [300, 100, 200].map((endMs, index) => ({
      id: index + 1,
      endMs,
      attributes: { 'learning.task_id': `t${endMs}` },
    }));
    const { tasks } = takeSpans(createIntake(), requestOf(...spans));
    expect(tasks.map(({ taskId }) => taskId)).toEqual(['t100', 't200', 't300']);
  });
});

describe('labels and measurements', () => {
  const chat = (id: number, parent: number, more: SpanText['attributes'] = {}): SpanText => ({
    id,
    parent,
    scope: 'models',
    attributes: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': 'small',
      'gen_ai.usage.input_tokens': 50,
      'gen_ai.usage.output_tokens': 7,
      ...more,
    },
  });
  const agent = (id: number, parent: number, more: SpanText['attributes'] = {}): SpanText => ({
    id,
    parent,
    scope: 'agents',
    attributes: { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'writer', ...more },
  });

  test('of models below, all ending at once, in groups of other scopes', () => {
    const task = taskOf({}, TASK, agent(2, 1), chat(3, 2), chat(4, 2));
    expect(task).toMatchObject({
      agentId: 'writer',
      labels: { agent: 'writer', model: 'small', service: 'orchestrator' },
      measurements: { input_tokens: 100, output_tokens: 14, llm_calls: 2, tool_calls: 0 },
    });
  });

  test('of models that end after the spans above them, by the clocks of their SDK', () => {
    const late = { ...chat(3, 2), endMs: 101.5 };
    const task = taskOf({}, { ...TASK, endMs: 100 }, { ...agent(2, 1), endMs: 101 }, late);
    expect(task).toMatchObject({ agentId: 'writer', measurements: { input_tokens: 50 } });
  });

  test("an agent's own tokens stand in for those of models that are not instrumented", () => {
    const usage = {
      'gen_ai.aggregated_usage.input_tokens': 9,
      'gen_ai.aggregated_usage.output_tokens': 1,
    };
    const task = taskOf({}, TASK, agent(2, 1, usage));
    expect(task?.measurements).toEqual({ input_tokens: 9, output_tokens: 1 });
    const both = taskOf({}, TASK, agent(2, 1, usage), chat(3, 2));
    expect(both?.measurements).toMatchObject({ input_tokens: 50, output_tokens: 7 });
  });

  test('two instrumentations of one call count once', () => {
    const task = taskOf({}, TASK, chat(2, 1), chat(3, 2));
    expect(task?.measurements).toMatchObject({ input_tokens: 50, llm_calls: 1 });
  });

  test('several agents, or models, below are no name', () => {
    const other = agent(3, 1, { 'gen_ai.agent.name': 'critic' });
    expect(taskOf({}, TASK, agent(2, 1), other)).toMatchObject({ agentId: '' });
    const large = chat(3, 1, { 'gen_ai.request.model': 'large' });
    expect(taskOf({}, TASK, chat(2, 1), large)?.labels).toEqual({ service: 'orchestrator' });
  });

  test('an agent within an agent lends its tokens, and not its name', () => {
    const inner = agent(3, 2, { 'gen_ai.agent.name': 'critic' });
    const task = taskOf({}, TASK, agent(2, 1), inner, chat(4, 3));
    expect(task).toMatchObject({ agentId: 'writer', measurements: { input_tokens: 50 } });
  });

  test('sent twice, children count once', () => {
    const watched = createIntake();
    takeSpans(watched, requestOf(chat(2, 1)));
    takeSpans(watched, requestOf(chat(2, 1)));
    const [first] = takeSpans(watched, requestOf(TASK)).tasks;
    const [again] = takeSpans(watched, requestOf(TASK)).tasks;
    expect(first?.measurements).toMatchObject({ input_tokens: 50, llm_calls: 1 });
    expect(again).toBe(first);
  });

  test('more of both by the config; what is no finite number is left out', () => {
    const otlp = {
      labels: ['tier', 'service.name', 'no.such'],
      measurements: {
        cost: 'span.attributes["llm.cost.total"]',
        slow: 'duration_ms > 50.0 ? 1.0 : 0.0',
        ratio: '1.0 / span.attributes["zero"]',
        none: 'span.attributes["no.such"]',
      },
    };
    const attributes = { 'learning.task_id': 't1', tier: 'gold', 'llm.cost.total': 0.25, zero: 0 };
    expect(taskOf(otlp, { id: 1, attributes })).toMatchObject({
      labels: { tier: 'gold', 'service.name': 'orchestrator', service: 'orchestrator' },
      measurements: { cost: 0.25, slow: 1 },
    });
    const nan = { 'learning.task_id': 't1', 'llm.cost.total': Number.NaN };
    expect(taskOf(otlp, { id: 1, attributes: nan })?.measurements).toEqual({ slow: 1 });
  });

  test('texts are cut to what a label may have, and prompts are no part of anything', () => {
    const attributes = {
      'learning.task_id': 't1',
      'gen_ai.agent.name': 'a'.repeat(300),
      'gen_ai.prompt': 'a secret',
      'input.value': 'a secret',
    };
    const task = taskOf({}, { id: 1, attributes });
    expect(Buffer.byteLength(task?.agentId ?? '')).toBe(256);
    expect(JSON.stringify(task)).not.toContain('secret');
  });
});

describe('what was evaluated', () => {
  test('the sequence that the sidecar remembers, else that of the event, else none', () => {
    const versioned = (id: string) => evaluationEvent(id, 'new', { 'feature_flag.version': '12' });
    const sequence = (event: ReturnType<typeof evaluationEvent>) =>
      taskOf({}, { id: 1, events: [event] })?.deltaSequence;
    expect(sequence(versioned('asked'))).toBe(7);
    expect(sequence(versioned('other'))).toBe(12);
    expect(sequence(evaluationEvent('other'))).toBe(0);
    const odd = evaluationEvent('other', 'new', { 'feature_flag.version': 'v1.2' });
    expect(sequence(odd)).toBe(0);
  });

  test('every name of a value, an error, and the default of the caller', () => {
    const events = [
      evaluationEvent('e', 'baseline'),
      evaluationEvent('e', 'new'),
      evaluationEvent('e', '', { 'feature_flag.key': 'gone' }),
      evaluationEvent('e', 'new', {
        'feature_flag.key': 'far',
        'feature_flag.result.reason': 'error',
      }),
    ];
    expect(taskOf({}, { id: 1, events })?.variants).toEqual({
      knob: ['baseline', 'new'],
      gone: [''],
      far: ['error'],
    });
  });
});

test('bounds: parents in a circle, a long chain, and more spans than are remembered', () => {
  const watched = createIntake();
  const chat = { 'gen_ai.operation.name': 'chat', 'gen_ai.usage.input_tokens': 1 };
  takeSpans(watched, requestOf({ id: 1, parent: 2, attributes: chat }, { id: 2, parent: 1 }));
  const chain = Array.from({ length: 500 }, (_, index) => ({
    id: index + 10,
    parent: index + 11,
    attributes: chat,
    endMs: index,
  }));
  takeSpans(watched, requestOf(...chain.toReversed()));
  const many = Array.from({ length: 30_000 }, (_, index) => ({ id: index + 1000, parent: 1 }));
  expect(takeSpans(watched, requestOf(...many)).tasks).toEqual([]);
});

test('a request of more spans than one may have is refused as a whole', () => {
  const span = spanOf(TASK);
  const request = create(ExportTraceServiceRequestSchema, {
    resourceSpans: [{ scopeSpans: [{ spans: Array.from({ length: 100_001 }, () => span) }] }],
  });
  expect(() => takeSpans(createIntake(), request)).toThrow('not a valid');
});
