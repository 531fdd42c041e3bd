import { expect, onTestFinished, test } from 'vitest';
import { adminClient, learningClient } from '../support/clients/clients.ts';
import { mebibytes } from '../support/load/percentile.ts';
import { type Child, runScript } from '../support/sidecar/child.ts';
import { residentBytes, startSidecar } from '../support/sidecar/sidecar.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';

const PROCESSES = 4;
const SUBSCRIBERS = 1000;
const DELTAS = 50;
const SETTLE_MS = 60_000;
const POLL_MS = 50;
const SCRIPT = new URL('../support/clients/subscribers.ts', import.meta.url);

/** As the subscribers of one process report. */
interface Report {
  readonly lowest: number;
  readonly gaps: number;
  readonly resets: number;
  readonly open: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly withoutRetry: number;
}

test(`${SUBSCRIBERS} subscribers come back at once after a restart, and are caught up`, async () => {
  const dataDir = tempDir();
  const first = await startSidecar({ dataDir });
  const { address } = first;
  const processes = Array.from({ length: PROCESSES }, (_, i) => {
    const args = [address, `process-${i}`, String(SUBSCRIBERS / PROCESSES)];
    const child = runScript(SCRIPT, args, {}, { isWrittenTo: true });
    onTestFinished(async () => {
      await child.end('SIGKILL');
    });
    return child;
  });
  await change(address, 1, DELTAS);
  await until(
    processes,
    ({ lowest, open }) => lowest >= DELTAS && open === SUBSCRIBERS / PROCESSES,
  );
  const idleBytes = residentBytes(first.pid);

  await first.kill();
  // Where they do not look for it: what they are to catch up on happens while they are cut off.
  const meanwhile = await startSidecar({ dataDir });
  await change(meanwhile.address, DELTAS + 1, 2 * DELTAS);
  await meanwhile.end('SIGTERM');
  const second = await startSidecar({ dataDir, listen: address });
  const startMs = performance.now();
  const reports = await until(
    processes,
    ({ lowest, open }) => lowest >= 2 * DELTAS && open === SUBSCRIBERS / PROCESSES,
  );
  const seconds = (performance.now() - startMs) / 1000;
  const { subscribers } = await learningClient(address).getStatus({});
  expect(subscribers.length).toBe(SUBSCRIBERS);
  const failures = merge(reports);
  console.log(
    `reconnect: ${SUBSCRIBERS} subscribers caught up ${seconds.toFixed(2)} s after the restarted ` +
      `sidecar served; refused or broken on the way: ${JSON.stringify(failures)}; memory ` +
      `${mebibytes(residentBytes(second.pid))} MiB (${mebibytes(idleBytes)} MiB before)`,
  );
  for (const { gaps, resets, withoutRetry } of reports) {
    expect({ gaps, resets, withoutRetry }).toEqual({ gaps: 0, resets: 0, withoutRetry: 0 });
  }
  for (const failure of Object.keys(failures)) expect(failure).toMatch(/^UNAVAILABLE/);
});

/** Puts deltas in force, so that the ledger is at `last`. */
async function change(address: string, first: number, last: number): Promise<void> {
  const admin = adminClient(address);
  for (let sequence = first; sequence <= last; sequence += 1) {
    const value = 10 + (sequence % 90);
    const target = 'max_cpu_per_agent';
    await admin.setParameter({ target, value: { kind: { case: 'numberValue', value } } });
  }
}

async function until(
  processes: readonly Child[],
  isThere: (report: Report) => boolean,
): Promise<Report[]> {
  const endMs = performance.now() + SETTLE_MS;
  for (;;) {
    const reports = await Promise.all(processes.map(ask));
    if (reports.every(isThere)) return reports;
    if (performance.now() > endMs) throw new Error(`not there: ${JSON.stringify(reports)}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function ask(child: Child): Promise<Report> {
  const asked = child.lines.length;
  child.process.stdin?.write('\n');
  return child.find((line) => {
    // Each line answers one question, and says when.
    const place = child.lines.lastIndexOf(line);
    return place >= asked ? (JSON.parse(line) as Report) : undefined;
  });
}

function merge(reports: readonly Report[]): Record<string, number> {
  const all: Record<string, number> = {};
  for (const { failures } of reports) {
    for (const [name, count] of Object.entries(failures)) all[name] = (all[name] ?? 0) + count;
  }
  return all;
}
