import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Delta, DeltaState } from '../../src/gen/learning/v1/delta_pb.ts';
import { runHere } from '../cli/command-line.ts';
import { learningClient } from '../support/clients/clients.ts';
import { runCommand } from '../support/sidecar/child.ts';
import { startSidecar } from '../support/sidecar/sidecar.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';

// The adaptive experiment of docs/from-tensorzero.md: the imported config, a sidecar and an orchestrator in processes of
// their own.

const ROOT = join(import.meta.dirname, '..', '..');
const EXAMPLE = join(ROOT, 'examples', 'tensorzero');
const PYTHON = join(ROOT, 'examples', 'adopt', '.venv', 'bin', 'python');
const VARIANT = 'extract_entities_variant';
const TASKS = 2500;

/** Tasks here take some ms in place of some seconds, so cycles are as much shorter. */
const FAST = 'cycle: { interval_seconds: 0.2 }\n';

/** The example's config with its variants in an order: the first is in force at the beginning. */
async function importWith(candidates: readonly string[]): Promise<string> {
  const toml = readFileSync(join(EXAMPLE, 'tensorzero.toml'), 'utf8');
  const file = join(tempDir(), 'tensorzero.toml');
  writeFileSync(
    file,
    toml.replace(
      /^candidate_variants = .*$/m,
      `candidate_variants = ${JSON.stringify(candidates)}`,
    ),
  );
  const config = join(tempDir(), 'sidecar.yaml');
  expect((await runHere(['import-tensorzero', file, '--out', config])).code).toBe(0);
  expect(await runHere(['--check-config', '--config', config])).toMatchObject({ code: 0, err: '' });
  appendFileSync(config, FAST);
  return config;
}

function describeDelta({ newValue, state, effect }: Delta): string {
  const value = newValue?.kind.value;
  const name = Object.entries(DeltaState).find(([, one]) => one === state)?.[0];
  return `${value}: ${name}, ${effect?.tasksUsed} tasks: ${effect?.summary}`;
}

test.each([
  { first: 'terse_prompt', other: 'detailed_prompt', isBetter: true },
  { first: 'detailed_prompt', other: 'terse_prompt', isBetter: false },
])(
  'of $first and $other, the one that is right more often is in force',
  async ({ first, other, isBetter }) => {
    expect(existsSync(PYTHON), 'run examples/adopt/setup.sh').toBe(true);
    const config = await importWith([first, other]);
    const { address } = await startSidecar({ dataDir: ':memory:', config });
    const script = join(EXAMPLE, 'orchestrator.py');
    const child = runCommand(PYTHON, [script, String(TASKS)], { LEARNING_SIDECAR_TARGET: address });
    expect(await child.exited, child.errorLines.join('\n')).toEqual({ code: 0, signal: null });

    const client = learningClient(address);
    const { deltas } = await client.listDeltas({ pageSize: 1000 });
    console.log(
      deltas
        .map((delta) => `from-tensorzero: ${first} at first: ${describeDelta(delta)}`)
        .join('\n'),
    );
    const { parameters } = await client.resolveParameters({});
    expect(parameters[VARIANT]?.kind.value).toBe('detailed_prompt');
    const states = deltas.map(({ state }) => state);
    if (isBetter) expect(states).toContain(DeltaState.CONFIRMED);
    else expect(new Set(states)).toEqual(new Set([DeltaState.REVERTED]));
  },
);
