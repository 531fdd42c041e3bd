import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { formatTable } from '../../scripts/report/table.ts';
import { DeltaState } from '../../src/gen/learning/v1/delta_pb.ts';
import type { ChangeGains } from '../../src/gen/learning/v1/gains_pb.ts';
import { type LearningClient, learningClient } from '../support/clients/clients.ts';
import { runCommand } from '../support/sidecar/child.ts';
import { startSidecar } from '../support/sidecar/sidecar.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';

// The story of docs/story.md: agents of pydantic-ai, three parameters that are searched, and what was found, beside what
// is planted. `examples/story/setup.sh` installs what it needs.

const EXAMPLE = join(import.meta.dirname, '..', '..', 'examples', 'story');
const PYTHON = join(EXAMPLE, '.venv', 'bin', 'python');
const PAGE = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'story.md'), 'utf8');
const JOBS = 6000;

interface Settings {
  readonly model: string;
  readonly timeout_seconds: number;
  readonly concurrency: number;
}

/** Dollars, seconds and share of successes of a job. */
type Means = readonly [cost: number, seconds: number, success: number];

const START: Settings = { model: 'large', timeout_seconds: 60, concurrency: 1 };
/** The best of a grid. */
const BEST: Settings = { model: 'small', timeout_seconds: 9, concurrency: 3 };

/** What is planted for settings, each by 20,000 jobs in virtual time. */
async function plantedFor(settings: readonly Settings[]): Promise<Means[]> {
  const child = runCommand(PYTHON, [join(EXAMPLE, 'planted.py')]);
  child.process.stdin?.end(settings.map((one) => `${JSON.stringify(one)}\n`).join(''));
  await child.exited;
  return child.lines.map((line) => JSON.parse(line));
}

async function settingsInForce(client: LearningClient): Promise<Settings> {
  const { parameters } = await client.resolveParameters({});
  const value = (name: keyof Settings) => parameters[name]?.kind.value;
  return {
    model: String(value('model')),
    timeout_seconds: Number(value('timeout_seconds')),
    concurrency: Number(value('concurrency')),
  };
}

test.each(['sidecar.yaml', 'orchestrator.py'])('docs/story.md shows %s', (name) => {
  expect(PAGE).toContain(`\n${readFileSync(join(EXAMPLE, name), 'utf8')}\`\`\``);
});

test('three lines of config find most of what is planted', { timeout: 1_800_000 }, async () => {
  expect(existsSync(PYTHON), 'run examples/story/setup.sh').toBe(true);
  const config = join(EXAMPLE, 'sidecar.yaml');
  const { address } = await startSidecar({ dataDir: tempDir(), config });
  const child = runCommand(PYTHON, [join(EXAMPLE, 'orchestrator.py'), String(JOBS)], {
    LEARNING_SIDECAR_TARGET: address,
  });
  expect(await child.exited, child.errorLines.join('\n')).toEqual({ code: 0, signal: null });
  const client = learningClient(address);
  const found = await settingsInForce(client);
  const jobs: [Settings, number, number, string][] = child.lines.map((line) => JSON.parse(line));
  expect(jobs.length).toBe(JOBS);
  const [start, best, end] = await plantedFor([START, BEST, found]);
  if (start === undefined || best === undefined || end === undefined) throw new Error('no answer');
  const gains = await client.getGains({});
  const spent = [total(jobs.map(([, cost]) => cost)), total(jobs.map(([, , time]) => time)) / 3600];
  console.log(
    formatTable({
      title: `After ${JOBS} jobs: ${JSON.stringify(found)}`,
      headings: ['dollars', 'hours', 'success'],
      rows: [
        {
          name: 'all jobs with the first settings, as planted',
          cells: cellsOf(start),
          targets: [],
        },
        { name: 'this run', cells: [...spent, successOf(jobs)], targets: [] },
        { name: 'all jobs with what it ended on, as planted', cells: cellsOf(end), targets: [] },
        { name: 'all jobs with the best settings, as planted', cells: cellsOf(best), targets: [] },
      ],
    }),
  );
  for (const line of await describeChanges(gains.changes, found)) console.log(line);
  expect(found.model).toBe('small');
  // Of the time that the best settings save.
  expect((start[1] - end[1]) / (start[1] - best[1])).toBeGreaterThan(0.8);
  expect(end[2]).toBeGreaterThan(start[2] - 0.05);
  expect(gains.changes.some(({ state }) => state === DeltaState.CONFIRMED)).toBe(true);
});

function cellsOf([cost, seconds, success]: Means): number[] {
  return [cost * JOBS, (seconds * JOBS) / 3600, success];
}

function successOf(jobs: readonly (readonly [Settings, number, number, string])[]): number {
  return jobs.filter(([, , , status]) => status === 'SUCCESS').length / jobs.length;
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, one) => sum + one, 0);
}

/** What each change gains a job, by the report and by what is planted, with the other values as they ended. */
async function describeChanges(
  changes: readonly ChangeGains[],
  found: Settings,
): Promise<string[]> {
  const lines: string[] = [];
  for (const { target, oldValue, newValue, gains, state } of changes) {
    const [old, fresh] = [oldValue, newValue].map((one) => one?.kind.value);
    const with_ = (value: unknown): Settings => ({ ...found, [target]: value });
    const [before, after] = await plantedFor([with_(old), with_(fresh)]);
    if (before === undefined || after === undefined) throw new Error('no answer');
    const truth: Readonly<Record<string, number>> = {
      cost: before[0] - after[0],
      latency: (before[1] - after[1]) * 1000,
      success: after[2] - before[2],
    };
    for (const { metric, perTask, lower, upper, groups } of gains) {
      lines.push(
        `${target} ${old} -> ${fresh} (state ${state}): ${metric} ${perTask.toPrecision(3)} a job ` +
          `(${lower.toPrecision(3)} to ${upper.toPrecision(3)}, ${groups} groups), planted ${truth[metric]?.toPrecision(3)}`,
      );
    }
  }
  return lines;
}
