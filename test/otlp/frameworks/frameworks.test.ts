import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { formatTable, type Row } from '../../../scripts/report/table.ts';
import type { Task } from '../../../src/domain/task.ts';
import { createMemoryStore } from '../../../src/store/memory.ts';
import { startService } from '../../support/sidecar/running-service.ts';

// Real frameworks, each with its usual instrumentation and a model that runs offline, against a sidecar: what is found
// of each run, beside what had happened. `setup.sh` installs them.

const HERE = 'test/otlp/frameworks';
const PYTHON = `${HERE}/python/.venv/bin/python`;

/** By framework: what a run that was cancelled by a timeout looks like without a span of its own. */
const FRAMEWORKS = {
  pydantic_ai_runs: 'success',
  openllmetry_langchain_runs: 'cancelled',
  openinference_langchain_runs: 'cancelled',
  openinference_openai_agents_runs: 'success',
  autogen_runs: 'success',
  google_adk_runs: 'success',
  'ai-sdk': 'timeout',
} as const;
type Name = keyof typeof FRAMEWORKS;

/** Frameworks whose instrumentation tells of no tokens. */
const WITHOUT_TOKENS: readonly Name[] = ['autogen_runs'];

/** An agent's span is what `agent` says; a span of a task's own has an id. */
const YAML = `otlp: { enabled: true, tasks: 'id != "" || agent != ""' }`;

interface Run {
  readonly run: string;
  readonly way: 'plain' | 'own span';
  readonly outcome: 'SUCCESS' | 'FAILURE' | 'TIMEOUT';
  readonly traces: readonly string[];
  readonly task_id: string | null;
}

interface Result {
  readonly framework: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly runs: readonly Run[];
}

const rows: Row[] = [];

afterAll(() => {
  console.log(formatTable({ title: 'Runs of frameworks', headings: HEADINGS, rows }));
});

const HEADINGS = ['run', 'what had happened', "the agent's span", 'a span of its own', 'tokens'];

test.for(Object.keys(FRAMEWORKS) as Name[])('%s', { timeout: 120_000 }, async (name) => {
  const store = createMemoryStore();
  const { runtime } = await startService(YAML, store);
  const result = await runOf(name, `http://${runtime.addresses[0]}/v1/traces`);
  const tasks = [...(store.load()?.events ?? [])].flatMap(({ event }) =>
    event.kind === 'tasks_recorded' ? event.tasks : [],
  );
  const plain = (run: Run) =>
    tasks.filter(({ taskId }) => run.traces.some((one) => taskId.startsWith(one)));
  const own = (run: Run) => tasks.filter(({ taskId }) => taskId === run.task_id);
  for (const run of result.runs.filter(({ way }) => way === 'plain')) {
    const other = result.runs.find((one) => one.run === run.run && one.way === 'own span');
    if (other === undefined) throw new Error('each run has both ways');
    const [agents, [task]] = [plain(run), own(other)];
    const versions = Object.entries(result.versions).map(([one, version]) => `${one} ${version}`);
    rows.push({
      name: `${result.framework} (${versions[0]})`,
      cells: [
        ...[
          run.run,
          run.outcome.toLowerCase(),
          agents.map(({ status }) => status).join(' ') || '–',
        ],
        ...[task?.status ?? '–', task?.measurements.input_tokens ?? '–'],
      ],
      targets: [],
    });
    expect(task?.status, `${run.run}, own span`).toBe(run.outcome.toLowerCase());
    expect(
      agents.map(({ status }) => status),
      run.run,
    ).toEqual([expectedOf(name, run)]);
    expect(agents[0]?.agentId).toBe('researcher');
    if (run.outcome === 'SUCCESS') expectTokens(name, task);
  }
});

function expectedOf(name: Name, { outcome }: Run): string {
  return outcome === 'TIMEOUT' ? FRAMEWORKS[name] : outcome.toLowerCase();
}

/** Two calls of the model, and one of the tool. */
function expectTokens(name: Name, task: Task | undefined): void {
  if (WITHOUT_TOKENS.includes(name)) return;
  expect(task).toMatchObject({
    agentId: 'researcher',
    measurements: { input_tokens: 100, output_tokens: 14, llm_calls: 2, tool_calls: 1 },
  });
}

async function runOf(name: Name, endpoint: string): Promise<Result> {
  const [command, ...args] =
    name === 'ai-sdk'
      ? [process.execPath, `${HERE}/javascript/runs.mjs`]
      : [PYTHON, `${HERE}/python/runs.py`, name];
  if (!existsSync(command ?? '')) throw new Error(`${HERE}/setup.sh installs what this needs`);
  const { stdout } = await promisify(execFile)(command ?? '', [...args, '--endpoint', endpoint]);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}
