import { expect, test } from 'vitest';
import { runAtOnce } from '../../src/domain/slices.ts';
import type { Task } from '../../src/domain/task.ts';
import type { ExportTraceServiceRequest } from '../../src/gen/opentelemetry/proto/collector/trace/v1/trace_service_pb.ts';
import {
  createIntake,
  type FixtureRun,
  readFixture,
  splitAtSpans,
  takeSpans,
  traceBytes,
  traceRequests,
} from './support.ts';

/** Where tasks are found in each fixture. */
const FIXTURES = {
  strands: { tasks: 'agent != ""' },
  'smolagents-openinference': { tasks: 'agent != ""' },
  'pydantic-ai': { tasks: 'agent != ""' },
  'langchain-openllmetry': { tasks: 'agent != ""' },
  'langchain-openinference': { tasks: 'agent != ""' },
  'openai-agents-openinference': { tasks: 'agent != ""' },
  autogen: { tasks: 'agent != ""' },
  'google-adk': { tasks: 'agent != ""' },
  'join-strands': {},
} as const;
type Name = keyof typeof FIXTURES;
const NAMES = Object.keys(FIXTURES) as Name[];

interface Found {
  readonly id: string;
  readonly status: string;
  readonly tokens: readonly [number | undefined, number | undefined];
}

/** What is to be found of the runs of a fixture. */
function expectedOf(runs: readonly FixtureRun[]): Found[] {
  return runs
    .flatMap(({ ids, task_span, by_status, input_tokens, output_tokens }): Found[] => {
      if (task_span === null || by_status === null) return [];
      return [
        {
          id: ids?.[0] ?? Buffer.from(task_span, 'base64').toString('hex'),
          status: by_status,
          tokens: [input_tokens ?? undefined, output_tokens ?? undefined],
        },
      ];
    })
    .sort(byId);
}

/** A task without an id of its own has that of its span. */
function found(tasks: readonly Task[], name: Name): Found[] {
  return tasks
    .map(({ taskId, status, measurements }) => ({
      id: name === 'join-strands' ? taskId : (taskId.split('-')[1] ?? ''),
      status: status.toUpperCase(),
      tokens: [measurements.input_tokens, measurements.output_tokens] as const,
    }))
    .sort(byId);
}

function byId(a: Found, b: Found): number {
  return a.id < b.id ? -1 : 1;
}

/** Tasks by id, as a ledger would have them: the first counts. */
function take(name: Name, requests: readonly ExportTraceServiceRequest[]): Task[] {
  const watched = createIntake(FIXTURES[name]);
  const tasks = new Map<string, Task>();
  for (const request of requests) {
    for (const task of takeSpans(watched, request).tasks) {
      if (!tasks.has(task.taskId)) tasks.set(task.taskId, task);
    }
  }
  return [...tasks.values()];
}

function withoutTokens(all: readonly Found[]) {
  return all.map(({ id, status }) => ({ id, status }));
}

test.for(NAMES)('%s: tasks, status and tokens are what they were', (name) => {
  const fixture = readFixture(name);
  const tasks = take(name, traceRequests(fixture));
  expect(found(tasks, name)).toEqual(expectedOf(fixture.runs));
});

test.for(NAMES)('%s: agents have their names', (name) => {
  const fixture = readFixture(name);
  const agents = fixture.runs.flatMap((run) => (run.task_span === null ? [] : (run.agent ?? [])));
  if (agents.length === 0) return;
  expect(
    take(name, traceRequests(fixture))
      .map(({ agentId }) => agentId)
      .sort(),
  ).toEqual(agents.sort());
});

test.for(NAMES)('%s: split at every span, in order, twice', (name) => {
  const fixture = readFixture(name);
  const requests = splitAtSpans(traceRequests(fixture));
  expect(requests.length).toBeGreaterThan(7);
  const twice = requests.flatMap((request) => [request, request]);
  expect(found(take(name, twice), name)).toEqual(expectedOf(fixture.runs));
});

test.for(NAMES)('%s: split at every span, in any order: the same tasks', (name) => {
  const fixture = readFixture(name);
  const requests = splitAtSpans(traceRequests(fixture));
  const expected = withoutTokens(expectedOf(fixture.runs));
  for (const order of [requests.toReversed(), shuffled(requests, 7), shuffled(requests, 1999)]) {
    expect(withoutTokens(found(take(name, [...order, ...order]), name))).toEqual(expected);
  }
});

test('an export that is cut off anywhere is refused, and nothing of it is taken', () => {
  const [request] = traceRequests(readFixture('join-strands'));
  if (request === undefined) throw new Error('the fixture has a request');
  const bytes = traceBytes(request);
  for (let length = 1; length < bytes.length; length += 997) {
    const { intake } = createIntake();
    expect(() => runAtOnce(intake.takeSpans(bytes.subarray(0, length)))).toThrow('not a valid');
  }
});

/** By a fixed linear congruence, so that a failure is the same each time. */
function shuffled<T>(items: readonly T[], seed: number): T[] {
  let state = seed;
  const keyed = items.map((item) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return { item, key: state };
  });
  return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item);
}
