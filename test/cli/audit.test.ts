import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { SUCCESS } from '../../src/domain/effect.ts';
import { LEDGER_FILE } from '../../src/store/disk/files.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { checksum } from '../../src/store/sqlite/rows.ts';
import { type EngineTrials, runTrials } from '../support/engine/engine-trials.ts';
import { type SeededRandom, seededRandom } from '../support/engine/seed.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';
import { type Played, playTrial, reseal, writeTrials } from '../support/trials/trial-play.ts';
import { expectFailure, type Ran, runHere } from './command-line.ts';

const SWITCHBACK = { assignment: 'switchback' } as const;
const HELPS = { seed: 2, effect: -0.7 } as const;

/** Probation lasts. */
const NEVER_PROVEN = { guards: [{ ...SUCCESS, margin: 0.01 }] } as const;

/** Small parts of a holdback, which many others' tasks make pass. */
const HELD_BACK = { holdback: 0.05 } as const;

/** In the order in which they began; the last three go on. */
function playLongRun(): Played[] {
  const at = (day: number) => ({ startMs: Date.UTC(2026, 0, day) });
  const lasting = playTrial({ ...at(3), seed: 1, plan: { deltaId: 'lasting', newValue: 30 } });
  const end = lasting.receipts.at(-1)?.step;
  const carried = end?.step === 'end' ? end.carried : undefined;
  return [
    playTrial({ ...at(1), ...HELPS, plan: { deltaId: 'confirmed', pairBy: ['size'] } }),
    playTrial({
      ...{ ...at(2), seed: 6, effect: 0.8 },
      plan: { deltaId: 'harmed', newValue: 20, ...SWITCHBACK },
    }),
    lasting,
    playTrial({ ...at(4), seed: 5, plan: { deltaId: 'carried', newValue: 30, carried } }),
    playTrial({ ...at(5), seed: 8, lost: 0.6, plan: { deltaId: 'invalid', newValue: 10 } }),
    playTrial({ ...at(6), seed: 9, stopAt: 40, plan: { deltaId: 'stopped', newValue: 10 } }),
    playTrial({
      ...{ ...at(7), ...HELPS, effectInForce: 0.7 },
      plan: { deltaId: 'taken-back', newValue: 12, seed: undefined, ...NEVER_PROVEN },
    }),
    playTrial({
      ...{ ...at(8), ...HELPS, others: 5, leaveAt: 1000 },
      plan: { deltaId: 'held-back', target: 'batch', seed: undefined, ...HELD_BACK },
    }),
    playTrial({
      ...{ ...at(9), ...HELPS, effectInForce: 0, leaveAt: 90 },
      plan: { deltaId: 'provisional', newValue: 14, ...NEVER_PROVEN },
    }),
    playTrial({ ...at(10), seed: 10, leaveAt: 60, plan: { deltaId: 'running', newValue: 5 } }),
  ];
}

/** The first step up helps, and later harms in some; each step after it harms. */
const ENGINE_RUNS: readonly (EngineTrials & { readonly found: readonly string[] })[] = [
  {
    ...{ assignment: 'task', seed: 'c', when: 'true', tasks: 900 },
    found: ['holdback helped', ...Array(3).fill('trial harmed'), 'trial undefined'],
    factorOf: (level) => (level === 1 ? 0.4 : 1),
  },
  {
    ...{ assignment: 'switchback', seed: 's', when: 'true', tasks: 1200 },
    found: ['probation helped', 'trial harmed', 'trial harmed'],
    factorOf: (level) => (level === 1 ? 0.4 : 1),
  },
  {
    ...{ assignment: 'task', when: 'parameters.level < 1.0', tasks: 3600 },
    // Tasks became slower, and the value before was tried again.
    found: ['holdback harmed', 'trial helped'],
    factorOf: (level, task) => (level === 1 ? (task > 3300 ? 2 : 0.4) : 1),
  },
];

const RUN = playLongRun();
const GOING_ON = ['held-back', 'provisional', 'running'];
const ENDED = RUN.length - GOING_ON.length;

let original: string;
beforeAll(async () => {
  original = mkdtempSync(join(tmpdir(), 'audit-'));
  await writeTrials(openSqliteStore(original), RUN);
});
afterAll(() => rmSync(original, { recursive: true }));

/** A copy of the ledger, to be damaged. */
function copyLedger(): string {
  const dataDir = tempDir();
  copyFileSync(join(original, LEDGER_FILE), join(dataDir, LEDGER_FILE));
  return dataDir;
}

function audit(dataDir: string, ...args: readonly string[]): Promise<Ran> {
  return runHere(['audit', ...args, '--data-dir', dataDir]);
}

interface Row {
  readonly position: number;
  readonly kind: string;
  readonly body: string;
}

function withLedger<R>(dataDir: string, work: (db: DatabaseSync) => R): R {
  const db = new DatabaseSync(join(dataDir, LEDGER_FILE));
  try {
    return work(db);
  } finally {
    db.close();
  }
}

/** The rows that hold the receipts of one trial, or of all. */
function receiptRows(dataDir: string, deltaId?: string): Row[] {
  const sql = "SELECT * FROM events WHERE kind = 'trial_advanced' ORDER BY position";
  const rows = withLedger(dataDir, (db) => db.prepare(sql).all()) as unknown as Row[];
  return rows.filter((row) => deltaId === undefined || JSON.parse(row.body).deltaId === deltaId);
}

/** Writes a row anew, with the checksum that fits it: a forger's work. */
function forge(
  dataDir: string,
  { position, kind, body }: Row,
  bytes: Uint8Array = Buffer.from(body),
): void {
  const sql = 'INSERT OR REPLACE INTO events VALUES (?, CAST(? AS TEXT), CAST(? AS TEXT), ?)';
  withLedger(dataDir, (db) =>
    db.prepare(sql).run(position, kind, bytes, checksum(position, kind, bytes)),
  );
}

/** Puts other receipts in the place of a trial's. */
function forgeTrial(dataDir: string, deltaId: string, receipts: readonly unknown[]): void {
  const [first, ...rest] = receiptRows(dataDir, deltaId) as [Row, ...Row[]];
  const body = JSON.stringify({ kind: 'trial_advanced', deltaId, receipts });
  forge(dataDir, { ...first, body });
  for (const { position } of rest) removeRow(dataDir, position);
  changeHead(dataDir, (head) => ({ ...head, storedEvents: head.storedEvents - rest.length }));
}

function removeRow(dataDir: string, position: number): void {
  withLedger(dataDir, (db) => db.prepare('DELETE FROM events WHERE position = ?').run(position));
}

interface SomeHead {
  readonly storedEvents: number;
  readonly changes: object;
  readonly rules: object;
}

function changeHead(dataDir: string, change: (head: SomeHead) => SomeHead): void {
  withLedger(dataDir, (db) => {
    const head = JSON.parse(String(db.prepare('SELECT body FROM head').get()?.body)) as SomeHead;
    const body = JSON.stringify(change(head));
    db.prepare('UPDATE head SET body = ?, checksum = ?').run(body, checksum(0, 'head', body));
  });
}

describe('a ledger as it was written', () => {
  test('every verdict of a long run stands', async () => {
    const { code, out, err } = await audit(original, '--all');
    expect(err).toBe('');
    expect(code).toBe(0);
    const lines = out.split('\n');
    expect(lines.at(-1)).toBe(
      `${RUN.length} trials, ${ENDED} verdicts stand, 0 do not, ${GOING_ON.length} running so far`,
    );
    expect(lines.filter((line) => line === '  the verdict stands')).toHaveLength(ENDED);
    const running = RUN.at(-1)?.receipts.length;
    expect(out).toContain(`  running so far, ${running} receipts, consistent`);
  });

  test('a person is told what was tried, what was found, and how sure that is', async () => {
    const { out } = await audit(original, 'confirmed');
    const hash = RUN[0]?.receipts.at(-1)?.hash;
    const metric = String.raw`E harm [\d.]+, E help [\d.]+`;
    expect(out.split('\n')).toEqual([
      'trial of delta confirmed: max_cpu_per_agent 50 -> 40, by rule rule-1',
      '  assigned task by task, with the seed "seed-2/confirmed"',
      '  began 2026-01-01T00:00:00.000Z',
      expect.stringMatching(
        /^ {2}trial, receipts 1 to \d+: 2026-01-01T00:\S+ to \S+, seed \w{64}$/,
      ),
      expect.stringMatching(/^ {2}probation, receipts \d+ to \d+: \S+ to \S+, seed \w{64}$/),
      expect.stringMatching(/^ {2}the evidence rests on \d+ tasks$/),
      expect.stringMatching(/^ {2}of \d+ tasks of the old value 0 were cancelled and 0 not repor/),
      expect.stringMatching(new RegExp(`^ {2}outcome \\+\\d+ points .* tasks .*; ${metric}$`)),
      expect.stringMatching(/^ {2}success 0.0 points .*, E not worse by 20 points [\d.]+$/),
      '  verdict: helped and confirmed, the new value is in force',
      `  ${RUN[0]?.receipts.length} receipts, the last with the hash ${hash}`,
      '  the verdict stands',
    ]);
    const blocks = (await audit(original, 'harmed')).out;
    expect(blocks).toContain('assigned in blocks of 5 tasks');
    expect(blocks).toContain('verdict: harmed, the old value stays');
    expect((await audit(original, 'carried')).out).toContain('and what an earlier trial left');
    expect((await audit(original, 'stopped')).out).toContain(
      'verdict: invalid, since it was stopped from outside',
    );
    expect((await audit(original, 'provisional')).out).toContain(
      'verdict: helped, the new value is in force on probation',
    );
    expect((await audit(original, 'taken-back')).out).toContain(
      'verdict: harmed, the old value stays',
    );
  });

  test('of a holdback: what is no longer kept, what it has gained, what is not known yet', async () => {
    const { out, code } = await audit(original, 'held-back');
    expect(code).toBe(0);
    const gap = /not checked: receipts (\d+) to (\d+) of the holdback are no longer kept: what/;
    const [, first, last] = gap.exec(out) ?? [];
    const kept = RUN.find(({ plan }) => plan.deltaId === 'held-back')?.receipts ?? [];
    expect(kept[Number(first) - 2]?.step.step).toBe('confirm');
    expect(kept[Number(last)]?.step.step).toBe('renew');
    expect(out).toMatch(/not checked: the coins of the holdback that goes on: their seed/);
    expect(out).toMatch(
      /held back: \d+ groups; harm at [\d.]+ \(outcome [\d.]+, success [\d.]+\), taken back at 5000/,
    );
    expect(out).toMatch(/gained: latency \d+ ms less per task \(mean; .*; \d+ groups\)/);
    const json = JSON.parse((await audit(original, 'held-back', '--json')).out);
    expect(json).toMatchObject({
      ...{ stage: 'holdback', verdict: 'helped', stands: true, recomputed: true },
      unchecked: [expect.stringContaining('no longer kept'), expect.stringContaining('coins')],
      holdback: {
        limit: 5000,
        detectors: [{ metric: 'outcome' }, { metric: 'success' }],
        gains: [{ metric: 'latency' }, { metric: 'success' }],
      },
    });
    expect(json.stages.map((one: { stage: string }) => one.stage).slice(0, 3)).toEqual([
      ...['trial', 'probation', 'holdback'],
    ]);
  });

  test('a script gets one line for each delta', async () => {
    const { code, out } = await audit(original, 'harmed', 'running', '--json');
    expect(code).toBe(0);
    const [harmed, running, ...rest] = out.split('\n').map((line) => JSON.parse(line));
    expect(rest).toEqual([]);
    expect(harmed).toMatchObject({
      ...{ deltaId: 'harmed', ruleId: 'rule-1', target: 'max_cpu_per_agent' },
      ...{ oldValue: 50, newValue: 20, seed: 'seed-6/harmed', ...SWITCHBACK },
      ...{ verdict: 'harmed', outcome: 'revert', stands: true, faults: [] },
      ...{ startTime: '2026-01-02T00:00:00.000Z', lastHash: RUN[1]?.receipts.at(-1)?.hash },
      metrics: [{ metric: 'outcome' }, { metric: 'success' }],
    });
    expect(running).toMatchObject({ deltaId: 'running', stands: true });
    expect(running).not.toHaveProperty('verdict');
    const all = (await audit(original, '--all', '--json')).out.split('\n');
    expect(all).toHaveLength(RUN.length + 1);
    expect(JSON.parse(all.at(-1) ?? '')).toEqual({
      summary: {
        ...{ trials: RUN.length, stand: ENDED, fail: 0, running: GOING_ON.length, earlier: 0 },
      },
    });
  });

  test.each(ENGINE_RUNS)('while an engine writes it: $assignment, $seed', async (run) => {
    const dataDir = tempDir();
    const store = openSqliteStore(dataDir);
    onTestFinished(() => store.close());
    await runTrials(store, run);
    const { code, out, err } = await audit(dataDir, '--all', '--json');
    expect(err).toBe('');
    expect(code).toBe(0);
    const audits = out.split('\n').map((line) => JSON.parse(line));
    const found = audits.slice(0, -1).map(({ verdict, stage }) => `${stage} ${verdict}`);
    expect(found).toEqual(run.found);
    expect(audits.at(-1).summary).toMatchObject({ trials: found.length, fail: 0 });
  });
});

test('what cannot be audited is refused', async () => {
  const dataDir = copyLedger();
  await withBystander(dataDir);
  const here = ['--data-dir', dataDir];
  await expectFailure(['audit', 'nobody', ...here], {
    code: 2,
    says: /the ledger in \S+ holds no delta "nobody"/,
  });
  await expectFailure(['audit', 'bystander', ...here], {
    code: 2,
    says: /delta "bystander" was never on trial/,
  });
  await expectFailure(['audit', ...here], {
    code: 2,
    says: /expected the ids of deltas, or --all/,
  });
  await expectFailure(['audit', 'confirmed', '--all', ...here], { code: 2, says: /or --all/ });
  const empty = tempDir();
  const says = `${empty} holds no ledger`;
  await expectFailure(['audit', '--all', '--data-dir', empty], { code: 1, says });
  mkdirSync(join(empty, LEDGER_FILE));
  await expectFailure(['audit', '--all', '--data-dir', empty], {
    code: 1,
    says: /cannot be opened/,
  });
  const fresh = tempDir();
  await writeTrials(openSqliteStore(fresh), []);
  expect(await audit(fresh, '--all')).toMatchObject({
    code: 0,
    out: '0 trials, 0 verdicts stand, 0 do not',
  });
});

/** A delta that waits, and was never tried. */
async function withBystander(dataDir: string): Promise<void> {
  const [trial] = RUN as [Played];
  const plan = { ...trial.plan, deltaId: 'bystander' };
  await writeTrials(openSqliteStore(dataDir), [{ plan, receipts: [] }]);
}

const COLUMNS = ['position', 'kind', 'body', 'checksum'] as const;

/** A single bit of a row of receipts. */
interface Flip {
  readonly row: Row;
  readonly column: (typeof COLUMNS)[number];
  /** As it is with the bit the other way round. */
  readonly value: Uint8Array | bigint;
}

/** Most of a row's bits are in its body; the other columns get more than their share. */
function drawFlip(dataDir: string, random: SeededRandom, columns: readonly string[]): Flip {
  const rows = receiptRows(dataDir);
  const row = rows[random.between(0, rows.length - 1)] as Row;
  const pick = random.next() < 0.8 ? 'body' : columns[random.between(0, columns.length - 1)];
  const column = COLUMNS.find((name) => name === pick) ?? 'body';
  if (column === 'kind' || column === 'body') {
    const value = Buffer.from(row[column]);
    const byte = random.between(0, value.length - 1);
    value[byte] = (value[byte] ?? 0) ^ (1 << random.between(0, 7));
    return { row, column, value };
  }
  const bit = BigInt(random.between(column === 'position' ? 12 : 0, 31));
  const former = withLedger(dataDir, (db) => {
    const statement = db.prepare(`SELECT ${column} AS value FROM events WHERE position = ?`);
    statement.setReadBigInts(true);
    return statement.get(row.position)?.value as bigint;
  });
  return { row, column, value: former ^ (1n << bit) };
}

function apply(dataDir: string, { row, column, value }: Flip): void {
  const cast = value instanceof Uint8Array ? 'CAST(? AS TEXT)' : '?';
  const sql = `UPDATE events SET ${column} = ${cast} WHERE position = ?`;
  withLedger(dataDir, (db) => db.prepare(sql).run(value, row.position));
}

/** Whether a report names a row, by its position or by one of its receipts. */
function isNamed(report: string, { row, column, value }: Flip): boolean {
  const { receipts } = JSON.parse(row.body) as { receipts: { number: number }[] };
  const position = column === 'position' ? value : row.position;
  const hasPosition = new RegExp(`position ${position}\\b`).test(report);
  const ranges = [...report.matchAll(/receipts? (\d+)(?: to (\d+))?/g)].map(
    ([, first, last = first]) => [Number(first), Number(last)] as const,
  );
  const isWithin = (number: number) =>
    ranges.some(([first, last]) => first <= number && number <= last);
  return hasPosition || receipts.some(({ number }) => isWithin(number));
}

describe('a bit that has changed', () => {
  test('each of 100 is found and named by the audit of its delta, and by that of all', async () => {
    const random = seededRandom(20_260_101);
    const seen = new Set<string>();
    for (let i = 0; i < 100; i += 1) {
      const dataDir = copyLedger();
      const flip = drawFlip(dataDir, random, COLUMNS);
      seen.add(flip.column);
      apply(dataDir, flip);
      const { deltaId } = JSON.parse(flip.row.body) as { deltaId: string };
      for (const args of [[deltaId], ['--all'], [deltaId, '--json']]) {
        const { code, out, err } = await audit(dataDir, ...args);
        expect(code).toBe(1);
        expect(err).toMatch(/do not stand|is damaged/);
        expect(isNamed(out, flip), `${flip.column} ${flip.row.position}: ${out}`).toBe(true);
      }
    }
    expect([...seen].sort()).toEqual([...COLUMNS].sort());
  }, 120_000);

  test('each of 100 is found by the chain alone, where the checksum fits', async () => {
    const random = seededRandom(20_260_102);
    for (let i = 0; i < 100; i += 1) {
      const dataDir = copyLedger();
      const flip = drawFlip(dataDir, random, ['kind', 'body']);
      const { row, column } = flip;
      const value = flip.value as Buffer; // Both columns are text.
      if (column === 'body') forge(dataDir, row, value);
      else forge(dataDir, { ...row, kind: value.toString() });
      const { deltaId } = JSON.parse(row.body) as { deltaId: string };
      const { code, out } = await audit(dataDir, deltaId);
      expect(code).toBe(1);
      expect(isNamed(out, flip), `${column} ${row.position}: ${out}`).toBe(true);
    }
  }, 120_000);

  test('in the last receipt: it is not taken for a trial that still runs', async () => {
    for (const { plan } of RUN.slice(0, ENDED)) {
      const last = receiptRows(original, plan.deltaId).at(-1) as Row;
      const damage: ((bytes: Buffer) => Buffer)[] = [
        (bytes) => bytes.fill('x', 0, 1),
        (bytes) => Buffer.from(bytes.toString().replace(plan.deltaId, 'stranger')),
        (bytes) => Buffer.from(bytes.toString().replaceAll(/"(end|confirm)"/g, '"enD"')),
        () => Buffer.from([0xff, 0x00]),
      ];
      for (const change of damage) {
        const dataDir = copyLedger();
        const value = change(Buffer.from(last.body));
        apply(dataDir, { row: last, column: 'body', value });
        const { code, out } = await audit(dataDir, plan.deltaId);
        expect(code).toBe(1);
        expect(out).toContain('the verdict does NOT stand');
        forge(dataDir, last, value);
        const forged = await audit(dataDir, plan.deltaId);
        expect(forged.code).toBe(1);
        expect(forged.out).toContain('the verdict does NOT stand');
      }
    }
  });

  test('in any other row: it is named, and the verdict stands', async () => {
    const dataDir = copyLedger();
    const other =
      "UPDATE events SET checksum = checksum + 1 WHERE position = (SELECT min(position) FROM events WHERE kind = 'tasks_recorded')";
    withLedger(dataDir, (db) => db.exec(other));
    const { code, out, err } = await audit(dataDir, 'confirmed');
    expect(code).toBe(1);
    expect(out).toMatch(
      /the verdict stands\nthe ledger is damaged:\n {2}position \d+: an event tasks_recorded: its checksum does not fit$/,
    );
    expect(err).toBe(`the ledger in ${dataDir} is damaged`);
    const [harmed] = receiptRows(dataDir, 'harmed') as [Row];
    apply(dataDir, { row: harmed, column: 'checksum', value: 1n });
    const again = await audit(dataDir, 'confirmed', '--json');
    const [helped, ledger] = again.out.split('\n').map((line) => JSON.parse(line));
    expect(helped.stands).toBe(true);
    expect(ledger.ledgerFaults).toEqual([
      expect.stringMatching(
        /^delta "harmed", receipts? 1.* \(position \d+\): damaged: its checksum/,
      ),
      expect.stringMatching(/^position \d+: an event tasks_recorded/),
    ]);
    // A trial that runs: what comes next in it may be what is damaged.
    const end = receiptRows(dataDir, 'running').at(-1)?.position ?? 0;
    expect((await audit(dataDir, 'running')).out).toContain('running so far');
    withLedger(dataDir, (db) => db.exec(`DELETE FROM events WHERE position = ${end}`));
    expect((await audit(dataDir, 'running')).out).toMatch(/missing: perhaps, since the ledger is/);
  });
});

describe('what was left out or put in another place', () => {
  test('a row of receipts', async () => {
    for (const deltaId of ['confirmed', 'harmed', 'running']) {
      const rows = receiptRows(original, deltaId);
      for (const row of [rows[0], rows[5], rows.at(-1)] as Row[]) {
        const dataDir = copyLedger();
        removeRow(dataDir, row.position);
        const { code, out } = await audit(dataDir, deltaId);
        expect(code).toBe(1);
        expect(isNamed(out, { row, column: 'body', value: 0n })).toBe(true);
        expect(out).toContain('the verdict does NOT stand');
        expect(out).toMatch(/the ledger is damaged:\n {2}it should hold \d+ events, but holds \d+/);
      }
    }
  });

  test('the last row, by somebody who counts: the rest of the ledger knows better', async () => {
    for (const [deltaId, says] of [
      ['confirmed', /missing: the trial is over, since that of "taken-back" put another value/],
      ['invalid', /missing: the trial is over, since another began at position \d+/],
    ] as const) {
      const dataDir = copyLedger();
      removeRow(dataDir, receiptRows(dataDir, deltaId).at(-1)?.position ?? 0);
      changeHead(dataDir, (head) => ({ ...head, storedEvents: head.storedEvents - 1 }));
      const { code, out } = await audit(dataDir, deltaId);
      expect(code).toBe(1);
      expect(out).toMatch(says);
    }
    // The newest trial: no other comes after it.
    const dataDir = tempDir();
    await writeTrials(openSqliteStore(dataDir), RUN.slice(1, 2));
    const rows = receiptRows(dataDir);
    const cut = rows.findIndex(({ body }) => body.includes('"end"')) - 8;
    for (const { position } of rows.slice(cut)) removeRow(dataDir, position);
    const count = rows.length - cut;
    changeHead(dataDir, (head) => ({ ...head, storedEvents: head.storedEvents - count }));
    expect((await audit(dataDir, 'harmed')).out).toMatch(
      /missing: the trial went on, since the ledger remembers a verdict/,
    );
    changeHead(dataDir, (head) => ({ ...head, changes: {}, rules: {} }));
    expect((await audit(dataDir, 'harmed')).out).toContain('running so far');
    const body = JSON.stringify({ kind: 'delta_applied', deltaId: 'harmed', sequence: 1 });
    const { position } = rows.at(-1) as Row;
    forge(dataDir, { position, kind: 'delta_applied', body });
    changeHead(dataDir, (head) => ({ ...head, storedEvents: head.storedEvents + 1 }));
    expect((await audit(dataDir, 'harmed')).out).toMatch(
      /missing: the trial went on, since position \d+ is an event delta_applied of its delta/,
    );
  });

  test('receipts, in a row and across rows', async () => {
    const rows = receiptRows(original, 'confirmed');
    const row = rows.find(({ body }) => JSON.parse(body).receipts.length > 1) as Row;
    const event = JSON.parse(row.body);
    const [first, second, ...rest] = event.receipts;
    const dataDir = copyLedger();
    const receipts = [second, first, ...rest];
    forge(dataDir, { ...row, body: JSON.stringify({ ...event, receipts }) });
    const { code, out } = await audit(dataDir, 'confirmed');
    expect(code).toBe(1);
    expect(out).toContain(
      `receipt ${first.number} (position ${row.position}): it stands behind receipt ${second.number}`,
    );

    const across = copyLedger();
    const [a, b] = rows.slice(3, 5) as [Row, Row];
    forge(across, { ...a, body: b.body });
    forge(across, { ...b, body: a.body });
    const swapped = await audit(across, 'confirmed');
    expect(swapped.code).toBe(1);
    expect(swapped.out).toMatch(/it stands behind receipt \d+, which came later/);
  });

  test('a row among those of another trial', async () => {
    const dataDir = copyLedger();
    const row = receiptRows(dataDir, 'confirmed').at(-1) as Row;
    forge(dataDir, { ...row, body: row.body.replace('"confirmed"', '"harmed"') });
    for (const deltaId of ['confirmed', 'harmed']) {
      expect((await audit(dataDir, deltaId)).code).toBe(1);
    }
    const { out } = await audit(dataDir, '--all');
    expect(out).toMatch(/ 2 do not/);
  });
});

describe('a forger who seals everything anew', () => {
  test('is found where the steps are not what a trial does', async () => {
    const dataDir = copyLedger();
    const harmed = RUN[1] as Played;
    const forged = reseal(harmed, (step) =>
      step.step === 'end' ? { ...step, effect: { ...step.effect, verdict: 'helped' } } : step,
    );
    forgeTrial(dataDir, 'harmed', forged);
    const { code, out } = await audit(dataDir, 'harmed');
    expect(code).toBe(1);
    expect(out).toMatch(
      /receipt \d+ \(position \d+\): it says helped, and the evidence says harmed/,
    );
    expect(out).toContain('the verdict does NOT stand');
  });

  test('and where they are, by what the ledger remembers', async () => {
    const dataDir = tempDir();
    const [confirmed, harmed] = RUN as [Played, Played];
    await writeTrials(openSqliteStore(dataDir), [confirmed, harmed]);
    // Another course of the same trial, which is as good as the one that was run.
    const startMs = Date.UTC(2026, 0, 2);
    const other = playTrial({ startMs, seed: 60, effect: -0.8, plan: harmed.plan });
    forgeTrial(dataDir, 'harmed', other.receipts);
    changeHead(dataDir, (head) => ({ ...head, rules: {} }));
    expect((await audit(dataDir, 'harmed')).out).toContain('the verdict stands');
    const promoted = other.receipts.find(({ step }) => step.step === 'promote')?.step.timeMs ?? 0;
    const earlier = { timeMs: promoted - 1 };
    changeHead(dataDir, (head) => ({ ...head, changes: {}, rules: { 'rule-1': earlier } }));
    expect((await audit(dataDir, 'harmed')).out).toMatch(
      /receipt \d+: it says helped, and the ledger remembers no verdict so late/,
    );
    const key = JSON.stringify(['rule-1', 'max_cpu_per_agent', 20]);
    const change = { verdict: 'harmed', endMs: promoted };
    changeHead(dataDir, (head) => ({ ...head, changes: { [key]: change } }));
    expect((await audit(dataDir, 'harmed')).out).toMatch(
      /receipt \d+: it says helped, and the ledger remembers harmed/,
    );
  });

  test('also where a trial goes on from evidence that nobody left', async () => {
    const dataDir = copyLedger();
    const { plan } = RUN[3] as Played;
    const [primary, ...guards] = plan.carried ?? [];
    const better = primary && { ...primary, worse: primary.worse + 1 };
    const carried = better && [better, ...guards];
    const startMs = Date.UTC(2026, 0, 4);
    const other = playTrial({ startMs, seed: 5, plan: { ...plan, carried } });
    forgeTrial(dataDir, 'carried', other.receipts);
    changeHead(dataDir, (head) => ({ ...head, changes: {} }));
    const { code, out } = await audit(dataDir, 'carried');
    expect(code).toBe(1);
    expect(out).toContain('it goes on from other evidence than the trial before had left');
  });
});

test('many faults are named up to a bound; a script gets all', async () => {
  const dataDir = copyLedger();
  withLedger(dataDir, (db) =>
    db.exec("UPDATE events SET checksum = 1 WHERE kind = 'trial_advanced'"),
  );
  const { out } = await audit(dataDir, 'lasting');
  expect(out).toMatch(/and \d+ more faults\n {2}the verdict does NOT stand/);
  const { faults } = JSON.parse(
    (await audit(dataDir, 'lasting', '--json')).out.split('\n')[0] ?? '',
  );
  expect(faults).toHaveLength(receiptRows(dataDir, 'lasting').length);
});

test('a delta that nothing tells of, where the ledger is damaged', async () => {
  const dataDir = copyLedger();
  forgeTrial(dataDir, 'confirmed', []);
  withLedger(dataDir, (db) =>
    db.exec("UPDATE events SET body = 'x' WHERE kind = 'trial_advanced'"),
  );
  const { code, out, err } = await audit(dataDir, 'confirmed');
  expect(code).toBe(1);
  expect(out).toContain('nothing of its trial was found, and the ledger is damaged');
  expect(err).toBe('1 of 1 verdicts do not stand');
});

test('a trial of an earlier release: its chain is checked, and nothing else', async () => {
  const dataDir = tempDir();
  const [confirmed, harmed] = RUN as [Played, Played];
  const former = earlierRelease(harmed);
  await writeTrials(openSqliteStore(dataDir), [confirmed, former]);
  const { code, out } = await audit(dataDir, '--all');
  expect(code).toBe(0);
  expect(out).toContain('verdict, as it claims: harmed, the old value stays');
  expect(out).toContain('not checked: all but the chain of hashes: the trial was begun by an earl');
  expect(out).toContain('the chain of receipts is whole; the verdict was not recomputed');
  expect(out.split('\n').at(-1)).toBe(
    '2 trials, 1 verdicts stand, 0 do not, 1 of an earlier release not recomputed',
  );
  const [, row] = receiptRows(dataDir, 'harmed') as [Row, Row];
  forge(dataDir, { ...row, body: row.body.replace('"new"', '"old"').replace('20', '21') });
  const damaged = await audit(dataDir, 'harmed');
  expect(damaged.code).toBe(1);
  expect(damaged.out).toMatch(/receipt \d+ \(position \d+\): its hash does not fit/);
});

/** A trial as earlier releases wrote them: they named no form, and committed to no seed. */
function earlierRelease(played: Played): Played {
  const receipts = reseal(played, (step) => {
    if (step.step !== 'start') return step;
    const { commitment, plan, ...rest } = step;
    const { format, ...formless } = plan;
    // What is left out is what makes it an earlier one.
    return { ...rest, plan: formless } as typeof step;
  });
  const start = receipts[0]?.step;
  return { plan: start?.step === 'start' ? start.plan : played.plan, receipts };
}
