import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { type LearningClient, learningClient } from '../support/clients/clients.ts';
import { taskOfId } from '../support/load/task-book.ts';
import { MountedConfig } from '../support/sidecar/mounted-config.ts';
import { startSidecar } from '../support/sidecar/sidecar.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';

const SWAPS = 20;
const LANES = 16;

/** Both rules say which config they are of. */
function configOf(version: number): string {
  const rule = (target: string) => `
  - { id: ${target}, when: 'true', type: resource, operation: adjust, target: ${target},
      new_value: '${version}.0', reasoning: '"observed %"', confidence: 0.9, impact: positive }`;
  return `version: v${version}
cycle: { interval_seconds: 0.02, min_tasks: 1 }
curation: { mode: apply, cooldown_seconds: 0, max_deltas_per_hour: 0 }
parameters: { first: { initial: 0 }, second: { initial: 0 } }
rules:${rule('first')}${rule('second')}
`;
}

/** What is swapped in, and what is then said of it. */
const BROKEN: readonly { readonly text: string | undefined; readonly says: RegExp }[] = [
  { text: 'version: [', says: /config\.yaml:1/ },
  { text: '', says: /the file is empty: write \{\} for the defaults/ },
  {
    text: configOf(99).replace('interval_seconds', 'intervall'),
    says: /config\.yaml:2.*intervall/,
  },
  { text: undefined, says: /ENOENT/ },
  { text: configOf(98).slice(0, -40), says: /config\.yaml:/ },
];

test('a mounted config that is swapped under load is taken up, or refused and told of', async () => {
  const mounted = new MountedConfig(tempDir(), configOf(1));
  const sidecar = await startSidecar({ dataDir: tempDir(), config: mounted.path });
  const client = learningClient(sidecar.address);
  const load = { calls: 0, failures: [] as unknown[], isOn: true };
  const lanes = Array.from({ length: LANES }, (_, lane) =>
    keepRecording(sidecar.address, lane, load),
  );

  const takenUpSeconds: number[] = [];
  let inForce = 'v1';
  for (let swap = 0; swap < SWAPS; swap += 1) {
    const broken = swap % 2 === 1 ? BROKEN[((swap - 1) / 2) % BROKEN.length] : undefined;
    const startedMs = performance.now();
    if (broken === undefined) {
      inForce = `v${swap + 2}`;
      mounted.swap(configOf(swap + 2));
    } else mounted.swap(broken.text);
    const status = await statusWith(client, inForce, broken?.says ?? /^$/);
    takenUpSeconds.push((performance.now() - startedMs) / 1000);
    expect(status.configVersion).toBe(inForce);
    expect(await refusedMetric(sidecar.adminUrl)).toBe(broken === undefined ? '0' : '1');
    const said = sidecar.lines.filter((line) => line.includes('the new config was refused'));
    expect(said).toHaveLength(Math.floor((swap + 1) / 2));
    if (broken !== undefined) expect(JSON.parse(said.at(-1) ?? '{}').reason).toMatch(broken.says);
  }
  load.isOn = false;
  await Promise.all(lanes);
  expect(load.failures).toEqual([]);

  const cycles = await valuesByCycle(client);
  for (const values of cycles.values()) {
    expect(values).toHaveLength(2);
    expect(new Set(values).size).toBe(1);
  }
  expect(cycles.size).toBe(1 + SWAPS / 2);
  const slowest = Math.max(...takenUpSeconds);
  console.log(
    `config: ${SWAPS} swaps, half of them broken, under ${load.calls} calls without a failure; ` +
      `known after ${slowest.toFixed(1)} s at most; ${cycles.size} cycles that changed something, ` +
      'each wholly under one config',
  );
});

async function keepRecording(
  address: string,
  lane: number,
  load: { calls: number; failures: unknown[]; isOn: boolean },
): Promise<void> {
  const client = learningClient(address);
  for (let i = 0; load.isOn; i += 1) {
    try {
      await client.recordTask({ task: taskOfId(`lane-${lane}-${i}`) });
      load.calls += 1;
    } catch (error) {
      load.failures.push(error);
    }
  }
}

function statusWith(client: LearningClient, version: string, error: RegExp) {
  return vi.waitFor(
    async () => {
      const status = await client.getStatus({});
      expect(status.configError).toMatch(error);
      expect(status.configVersion).toBe(version);
      return status;
    },
    { timeout: 20_000, interval: 20 },
  );
}

async function refusedMetric(adminUrl: string): Promise<string | undefined> {
  const text = await (await fetch(`${adminUrl}/metrics`)).text();
  return /^learning_config_refused (\d)$/m.exec(text)?.[1];
}

/** What each cycle that did something has put in force. */
async function valuesByCycle(client: LearningClient): Promise<Map<bigint, unknown[]>> {
  const { deltas } = await client.listDeltas({ pageSize: 200 });
  const byCycle = new Map<bigint, unknown[]>();
  for (const { cycleNumber, newValue } of deltas) {
    const values = byCycle.get(cycleNumber) ?? [];
    byCycle.set(cycleNumber, [...values, newValue?.kind.value]);
  }
  return byCycle;
}

test('SIGHUP lets go of a log file that was moved aside; a new log_file is moved to', async () => {
  const directory = tempDir();
  const [config, first, second] = ['config.yaml', 'first.log', 'second.log'].map((name) =>
    join(directory, name),
  ) as [string, string, string]; // Three names, three paths.
  const configWith = (logFile: string) => `monitoring: { log_file: ${logFile} }\n`;
  writeFileSync(config, configWith(first));
  const sidecar = await startSidecar({ dataDir: tempDir(), config });
  const moved = `${first}.1`;
  renameSync(first, moved);
  sidecar.process.kill('SIGHUP');
  await vi.waitFor(() => expect(existsSync(first)).toBe(true), { timeout: 10_000 });
  writeFileSync(config, configWith(second));
  sidecar.process.kill('SIGHUP');
  await vi.waitFor(() => expect(existsSync(second)).toBe(true), { timeout: 10_000 });
  expect(await sidecar.end('SIGTERM')).toEqual({ code: 0, signal: null });
  expect(readFileSync(moved, 'utf8')).toMatch(/serving on/);
  expect(readFileSync(second, 'utf8')).toMatch(/the config was read again[\s\S]*"stopped"/);
  expect([moved, first].map((file) => readFileSync(file, 'utf8')).join('')).not.toMatch(/stopped/);
});
