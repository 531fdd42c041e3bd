import { cpSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { StoredEvent } from '../../src/ledger/event.ts';
import { backUpLedger, restoreLedger } from '../../src/store/backup.ts';
import { clientsOf } from '../support/clients/clients.ts';
import { chooseSeed, type SeededRandom, seededRandom } from '../support/engine/seed.ts';
import { damagePage, flipPage, truncateAtRandom } from '../support/ledger/damage.ts';
import { readLedgerFile } from '../support/ledger/read-ledger.ts';
import {
  askAll,
  checkGoesOn,
  type LivedLedger,
  liveLedger,
  youngLedger,
} from '../support/load/lived-ledger.ts';
import {
  readServingLine,
  type Sidecar,
  spawnSidecar,
  startSidecar,
} from '../support/sidecar/sidecar.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';

type Damage = (file: string, random: SeededRandom) => string;

const TIMES = 20;

/** What is damaged, how, and how the sidecar that wrote it had ended. */
const KINDS: readonly (readonly [string, 'SIGTERM' | 'SIGKILL', string, number, Damage])[] = [
  ['the file cut off', 'SIGTERM', 'ledger.db', TIMES, truncateAtRandom],
  ['a page flipped', 'SIGTERM', 'ledger.db', TIMES, flipPage],
  ['one of the first pages flipped', 'SIGTERM', 'ledger.db', 9, firstPages()],
  ['after a kill, the file cut off', 'SIGKILL', 'ledger.db', 5, truncateAtRandom],
  ['after a kill, a page flipped', 'SIGKILL', 'ledger.db', 5, flipPage],
  ['after a kill, the log cut off', 'SIGKILL', 'ledger.db-wal', 10, truncateAtRandom],
  ['after a kill, a page of the log flipped', 'SIGKILL', 'ledger.db-wal', 10, flipPage],
];

/** All hangs on these: the header, the map of pages, and the roots of both tables. */
function firstPages(): Damage {
  let page = 0;
  return (file, random) => {
    page = (page % 4) + 1;
    return damagePage(file, page, random);
  };
}

interface Tally {
  readonly recovered: { readonly lost: number | 'unknown'; readonly head: string }[];
  unchanged: number;
  /** SQLite could not open it, or no row was sound. */
  restored: number;
}

/** What happens to a log that holds all but the beginning. */
const YOUNG: readonly (readonly [string, Damage, number])[] = [
  ['removed', (file) => `removed ${rmSync(file)}`, 1],
  ['emptied', (file) => `emptied ${truncateSync(file, 0)}`, 1],
  ['cut off in its header', (file) => `cut off ${truncateSync(file, 100)}`, 1],
  ['flipped in its header', flipInHeader, 10],
  ['cut off', truncateAtRandom, 5],
];

function flipInHeader(file: string, random: SeededRandom): string {
  const bytes = readFileSync(file);
  const place = random.between(0, 31);
  bytes[place] = (bytes[place] ?? 0) ^ (1 << random.between(0, 7));
  writeFileSync(file, bytes);
  return `a bit of byte ${place} flipped`;
}

test.each(YOUNG)(
  'killed before the first checkpoint, the log %s',
  async (name, damage, times) => {
    const seed = chooseSeed(`corrupt, young, ${name}`);
    const kind = `before the first checkpoint, the log ${name}`;
    await damageAll(kind, await youngLedger(seed), { seed, part: 'ledger.db-wal', times, damage });
  },
  300_000,
);

test.each(KINDS)(
  '%s',
  async (name, signal, part, times, damage) => {
    const seed = chooseSeed(`corrupt, ${name}`);
    await damageAll(name, await liveLedger(seed, signal), { seed, part, times, damage });
  },
  1_200_000,
);

interface Damages {
  readonly seed: number;
  readonly part: string;
  readonly times: number;
  readonly damage: Damage;
}

/** Damages a ledger some times over, each time anew, and prints what came of it. */
async function damageAll(name: string, lived: LivedLedger, damages: Damages): Promise<void> {
  const { seed, part, times, damage } = damages;
  const random = seededRandom(seed);
  const tally: Tally = { recovered: [], unchanged: 0, restored: 0 };
  const backup = join(tempDir(), 'backup.db');
  await backUpLedger(lived.dataDir, backup, { force: false });
  for (let i = 0; i < times; i += 1) {
    const dataDir = join(tempDir(), 'data');
    cpSync(lived.dataDir, dataDir, { recursive: true });
    const what = damage(join(dataDir, part), random);
    await checkDamaged({ ...lived, dataDir }, { intactDir: lived.dataDir, backup }, tally).catch(
      (cause) => {
        throw new Error(`SEED=${seed}, damage ${i}: ${what}: ${cause}`, { cause });
      },
    );
  }
  const { recovered, unchanged, restored } = tally;
  const heads = Object.groupBy(recovered, ({ head }) => head);
  const headsInWords = Object.entries(heads).map(([head, all]) => `${head} ${all?.length}`);
  console.log(
    `corrupt: ${name}: ${times} files: ${unchanged} served unchanged, ` +
      `${restored} beyond recovery and restored from a backup, ${recovered.length} recovered with ${describeLosses(recovered)}; ` +
      `head: ${headsInWords.join(', ') || 'intact'}`,
  );
}

function describeLosses(recovered: Tally['recovered']): string {
  const known = recovered.flatMap(({ lost }) => (lost === 'unknown' ? [] : [lost]));
  known.sort((a, b) => a - b);
  const unknown = recovered.length - known.length;
  const median = known[known.length >> 1] ?? 0;
  const counts = `${known[0] ?? 0} to ${known.at(-1) ?? 0} events lost (median ${median})`;
  return unknown === 0 ? counts : `${counts}, ${unknown} with nobody knows how many`;
}

interface Intact {
  readonly intactDir: string;
  readonly backup: string;
}

/** Served as it was, or refused and then recovered, or restored where nothing is left. */
async function checkDamaged(damaged: LivedLedger, intact: Intact, tally: Tally): Promise<void> {
  const { dataDir, config, told } = damaged;
  const { intactDir, backup } = intact;
  const child = spawnSidecar({ dataDir, config });
  const started = await child.find(readServingLine).catch(() => undefined);
  if (started !== undefined) {
    expect(await askAll(clientsOf(started.address).client)).toEqual(told);
    expect((await child.end('SIGTERM')).code).toBe(0);
    tally.unchanged += 1;
    return;
  }
  expect((await child.exited).code).toBe(1);
  expect(child.errorLines).toHaveLength(1);
  expect(child.errorLines[0]).toContain(join(dataDir, 'ledger.db'));
  expect(child.errorLines[0]).toContain('is corrupt: ');
  expect(child.errorLines[0]).toContain('--recover');

  const recovered = await recoverOrNot(dataDir, config);
  if (recovered === undefined) {
    restoreLedger(backup, dataDir, { force: true, newEpoch: 'restored', now: new Date() });
    const again = await startSidecar({ dataDir, config });
    const { counters } = await askAll(clientsOf(again.address).client);
    expect(counters).toEqual(told.counters);
    expect((await again.end('SIGTERM')).code).toBe(0);
    tally.restored += 1;
    return;
  }
  const note = recoveryOf(recovered);
  const { before, after, restarted } = await checkGoesOn(recovered, () =>
    startSidecar({ dataDir, config, flags: ['--recover'] }),
  );
  expect(before.epoch).not.toBe(told.epoch);
  expect(restarted).toEqual(after);
  await checkAddsUp(note, intactDir, dataDir);
  checkKnown(note, before, told);
  tally.recovered.push({ lost: note.lost_events, head: note.head });
}

/** `undefined`: nothing can be salvaged, which is said, and nothing is touched. */
async function recoverOrNot(dataDir: string, config: string): Promise<Sidecar | undefined> {
  const file = join(dataDir, 'ledger.db');
  const before = readFileSync(file);
  const child = spawnSidecar({ dataDir, config, flags: ['--recover'] });
  const started = await child.find(readServingLine).catch(() => undefined);
  if (started !== undefined) return { ...child, ...started, kill: () => child.end('SIGKILL') };
  expect((await child.exited).code).toBe(1);
  expect(child.errorLines).toEqual([
    expect.stringMatching(/nothing of .*ledger\.db can be salvaged: .*Restore a backup/),
  ]);
  expect(readFileSync(file)).toEqual(before);
  return undefined;
}

/** What the log says of a recovery. */
interface Note {
  readonly head: 'intact' | 'older' | 'lost';
  readonly moved_to: string;
  readonly kept_events: Readonly<Record<string, number>>;
  readonly dropped_events: Readonly<Record<string, number>>;
  readonly lost_events: number | 'unknown';
}

function recoveryOf(sidecar: Sidecar): Note {
  const line = sidecar.lines.find((one) => one.includes('"moved_to"'));
  expect(line).toBeDefined();
  // What our own log says; the checks that follow are of its content.
  return JSON.parse(line ?? '{}') as Note;
}

/** What was kept is what was written, and with what was lost it is everything. */
async function checkAddsUp(note: Note, intactDir: string, dataDir: string): Promise<void> {
  const intact = eventsIn(intactDir);
  const kept = eventsIn(dataDir);
  const total = (counts: Readonly<Record<string, number>>) =>
    Object.values(counts).reduce((sum, count) => sum + count, 0);
  const found = total(note.kept_events) + total(note.dropped_events);
  if (note.lost_events !== 'unknown') {
    const sum = found + note.lost_events;
    if (note.head === 'intact') expect(sum).toBe(intact.size);
    // Of what was committed later, some was dropped again, and some of what is kept was, too.
    else expect(sum).toBeGreaterThanOrEqual(intact.size);
  }
  const known = [...kept].filter(([position]) => intact.has(position));
  expect(known.length).toBeLessThanOrEqual(found);
  for (const [position, event] of known) {
    if (position > Math.max(...intact.keys())) continue;
    expect(comparable(event, intact.get(position)?.kind)).toEqual(
      comparable(intact.get(position), event?.kind),
    );
  }
}

function eventsIn(dataDir: string): Map<number, StoredEvent['event'] | undefined> {
  const copy = join(tempDir(), 'copy');
  cpSync(dataDir, copy, { recursive: true });
  const stored = readLedgerFile(join(copy, 'ledger.db'));
  return new Map([...(stored?.events ?? [])].map(({ position, event }) => [position, event]));
}

/**
 * What must not differ: an acknowledgement that was waited for may be lost, and ids may have taken the place
 * of tasks in one of two ledgers.
 */
function comparable(event: StoredEvent['event'] | undefined, other: string | undefined) {
  if (event?.kind === 'delta_applied') return { ...event, ackByMs: null };
  if (event?.kind === 'task_ids_kept' && other !== event.kind) return event.taskIds.at(-1);
  if (event?.kind === 'tasks_recorded' && other !== event.kind) return event.tasks.at(-1)?.taskId;
  return event;
}

/** What can be known for sure is still known. */
function checkKnown(note: Note, before: LivedLedger['told'], told: LivedLedger['told']): void {
  expect(before.counters.sequence).toBeGreaterThanOrEqual(told.counters.sequence);
  for (const key of ['tasks', 'proposed', 'applied', 'cycles'] as const) {
    if (note.head === 'intact') expect(before.counters[key]).toBe(told.counters[key]);
    else expect(before.counters[key]).toBeLessThanOrEqual(told.counters[key]);
  }
  const known = new Map(told.deltas.map((delta) => [delta.deltaId, delta]));
  for (const { deltaId, target, newValue } of before.deltas) {
    const former = known.get(deltaId);
    if (former !== undefined)
      expect({ target, newValue }).toEqual({ target: former.target, newValue: former.newValue });
  }
  if (note.lost_events === 0) expect(before.deltas).toEqual(told.deltas);
}
