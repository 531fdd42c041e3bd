import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../src/config/load.ts';
import { ConfigReload, type ReloadPorts } from '../../src/runtime/config-reload.ts';
import { ManualClock } from '../support/engine/manual-clock.ts';

const ONE = 'version: one';
const TWO = 'version: two';
const BROKEN = 'version: [';

/** A reload of a file that is a variable. */
function reloading(configure: (version: string) => Promise<void> = async () => {}) {
  const file = { text: ONE };
  const clock = new ManualClock();
  const seen = { versions: [] as string[], refused: [] as string[], logged: [] as string[] };
  const log = (...args: unknown[]) => void seen.logged.push(String(args.at(-1)));
  const ports: ReloadPorts = {
    read: () => file.text,
    parse: async (text) => parseConfig(text, 'config.yaml', 'yaml'),
    configure: (config) => configure(config.version),
    takenUp: (config) => void seen.versions.push(config.version),
    tellRefused: (reason) => void seen.refused.push(reason),
    schedule: (callback, delayMs) => clock.schedule(callback, delayMs),
    log: { info: log, warn: log, error: log },
  };
  return { file, clock, seen, ports, reload: new ConfigReload(ONE, ports) };
}

test('a changed config is taken up, the same one makes no noise', async () => {
  const { file, seen, reload } = reloading();
  await reload.request('file');
  await reload.request('signal');
  expect(seen).toEqual({ versions: [], refused: [], logged: [] });
  file.text = TWO;
  await reload.request('file');
  await reload.request('file');
  expect(seen).toEqual({
    versions: ['two'],
    refused: [''],
    logged: ['the config was read again'],
  });
});

describe('a broken config', () => {
  test('is refused once, again for an operator, and forgotten with the next good one', async () => {
    const { file, seen, reload } = reloading();
    file.text = BROKEN;
    await reload.request('file');
    await reload.request('file');
    expect(seen.versions).toEqual([]);
    expect(seen.refused).toEqual([expect.stringContaining('config.yaml:1')]);
    expect(seen.logged).toHaveLength(1);
    await reload.request('signal');
    expect(seen.logged).toHaveLength(2);
    file.text = TWO;
    await reload.request('file');
    expect(seen.versions).toEqual(['two']);
    expect(seen.refused.at(-1)).toBe('');
  });

  test('that is taken back is forgotten', async () => {
    const { file, seen, reload } = reloading();
    file.text = BROKEN;
    await reload.request('file');
    file.text = ONE;
    await reload.request('file');
    expect(seen.versions).toEqual([]);
    expect(seen.refused.at(-1)).toBe('');
    expect(seen.logged.at(-1)).toBe('the config file says again what is in force');
  });

  test('a file that cannot be read is one', async () => {
    const { seen, ports, reload } = reloading();
    const { read } = ports;
    ports.read = () => {
      throw new Error('there is no file');
    };
    await reload.request('file');
    await reload.request('file');
    expect(seen.refused).toEqual(['there is no file', 'there is no file']);
    expect(seen.logged).toHaveLength(1);
    ports.read = read;
    await reload.request('file');
    expect(seen.refused.at(-1)).toBe('');
  });
});

test('a config that cannot be taken up is tried again, quietly, until it can', async () => {
  let isFull = true;
  const { file, clock, seen, reload } = reloading(async () => {
    if (isFull) throw new Error('the disk is full');
  });
  file.text = TWO;
  await reload.request('file');
  await clock.advance(20_000);
  expect(seen.versions).toEqual([]);
  expect(new Set(seen.refused)).toEqual(new Set(['the disk is full']));
  expect(seen.logged).toHaveLength(1);
  isFull = false;
  await clock.advance(5000);
  expect(seen.versions).toEqual(['two']);
  expect(clock.pending).toBe(0);
});

test('reloads never overlap, and the newest config wins', async () => {
  const steps: string[] = [];
  const { file, seen, reload } = reloading(async (version) => {
    steps.push(`${version} begins`);
    await new Promise((resolve) => setImmediate(resolve));
    steps.push(`${version} ends`);
  });
  file.text = TWO;
  const first = reload.request('file');
  for (const version of ['three', 'four', 'five']) {
    file.text = `version: ${version}`;
    void reload.request('file');
  }
  await first;
  expect(steps).toEqual(['two begins', 'two ends', 'five begins', 'five ends']);
  expect(seen.versions).toEqual(['two', 'five']);
});

test('once stopped, it reads nothing', async () => {
  const { file, clock, seen, reload } = reloading(() => Promise.reject(new Error('not now')));
  file.text = TWO;
  await reload.request('file');
  reload.stop();
  expect(clock.pending).toBe(0);
  await reload.request('signal');
  expect(seen.logged).toHaveLength(1);
});
