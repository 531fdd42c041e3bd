import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { learningClient } from '../support/clients/clients.ts';
import { runCommand } from '../support/sidecar/child.ts';
import { startSidecar } from '../support/sidecar/sidecar.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';

// The orchestrators of docs/adopt.md: each is run, and what it changes of the one before is counted.

const EXAMPLES = join(import.meta.dirname, '..', '..', 'examples', 'adopt');
const BIN = join(EXAMPLES, '.venv', 'bin');
const PAGE = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'adopt.md'), 'utf8');
const TASKS = 40;

const CONFIG = `
otlp: { enabled: true }
parameters: { max_agents: { initial: 4, min: 1, max: 16, type: integer } }
rules: []
`;

const ROADS = [
  { name: 'before', row: undefined, most: 0, tasks: 0 },
  { name: 'with_openfeature', row: 'OpenFeature and OpenTelemetry', most: 15, tasks: TASKS },
  { name: 'with_client', row: 'the client', most: 10, tasks: TASKS },
  { name: 'with_generated_code', row: 'generated code', most: 40, tasks: TASKS },
] as const;

const read = (name: string) => readFileSync(join(EXAMPLES, `${name}.py`), 'utf8');

/** Lines of a road that are not in the orchestrator before, in order: those that a diff adds. */
function addedLines(name: string): number {
  const before = read('before').split('\n');
  const after = read(name).split('\n');
  // The longest common subsequence, by dynamic programming.
  let lengths = before.map(() => 0);
  for (const line of after) {
    const next: number[] = [];
    for (const [at, other] of before.entries()) {
      const same = line === other ? (lengths[at - 1] ?? 0) + 1 : 0;
      next.push(Math.max(same, lengths[at] ?? 0, next[at - 1] ?? 0));
    }
    lengths = next;
  }
  return after.length - (lengths.at(-1) ?? 0);
}

test.each(ROADS)('docs/adopt.md shows $name, and how much it changes', ({ name, row, most }) => {
  expect(PAGE).toContain(`<!-- ${name}.py -->\n\`\`\`python\n${read(name)}\`\`\``);
  const added = addedLines(name);
  expect(added).toBeLessThanOrEqual(most);
  if (row !== undefined)
    expect(PAGE).toMatch(new RegExp(`\\| \\[${row}\\]\\(#\\S+\\) \\| ${added} \\|`));
});

test.each(ROADS)('$name: $tasks tasks are recorded', async ({ name, tasks }) => {
  expect(existsSync(BIN), 'run examples/adopt/setup.sh').toBe(true);
  const config = join(tempDir(), 'adopt.yaml');
  writeFileSync(config, CONFIG);
  const { address } = await startSidecar({ dataDir: ':memory:', config });
  const [host = '', port = ''] = address.split(':');
  const script = join(EXAMPLES, `${name}.py`);
  const child = runCommand(join(BIN, 'opentelemetry-instrument'), [join(BIN, 'python'), script], {
    FLAGD_HOST: host,
    FLAGD_PORT: port,
    LEARNING_SIDECAR_TARGET: address,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://${address}`,
  });
  expect(await child.exited, child.errorLines.join('\n')).toEqual({ code: 0, signal: null });
  const status = await learningClient(address).getStatus({});
  expect(status.totalTasksRecorded).toBe(BigInt(tasks));
});
