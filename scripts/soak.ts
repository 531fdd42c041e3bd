// The soak: a sidecar that records 1,000 tasks a second and streams to 50 clients, a quarter of which
// come and go, for as many minutes as are asked for. `npm run soak -- --minutes N`.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { mean } from '../src/trial/evidence/distributions.ts';

const RATE = 1000;
const STREAMS = 50;
const RESTLESS = 13;
/** Memory of the last minute and of this one are compared: by then everything is filled. */
const SETTLED_MINUTE = 5;
const MAX_CHANGE = 0.1;
const SAMPLE_MS = 1000;
const MINUTE_MS = 60_000;

/** Ten deltas a second, for ever, and little enough kept that all of it is full in minutes. */
const RULES = 5;
const CONFIG = {
  cycle: { interval_seconds: 0.5 },
  curation: { mode: 'apply', cooldown_seconds: 0, max_deltas_per_hour: 0 },
  ledger: { retain_deltas: 1000, retain_cycles: 1000 },
  parameters: Object.fromEntries(
    Array.from({ length: RULES }, (_, i) => [`level_${i}`, { initial: 1 }]),
  ),
  rules: Array.from({ length: RULES }, (_, i) => ({
    id: `turn-${i}`,
    when: 'window.avg_latency_ms > 0.0',
    type: 'resource',
    operation: 'adjust',
    target: `level_${i}`,
    new_value: `parameters.level_${i} > 1.5 ? 1.0 : 2.0`,
    reasoning: '"The soak turns this back and forth, so that streams have something to say"',
    confidence: 0.9,
    impact: 'positive',
  })),
};

interface TaskReport {
  readonly sent: number;
  readonly recorded: number;
  readonly failed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

interface StreamReport {
  readonly deltas: number;
  readonly gaps: number;
  readonly resets: number;
  readonly reconnects: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '30' } } });
const minutes = Number(values.minutes);
if (!Number.isInteger(minutes) || minutes < 1) {
  console.error('usage: npm run soak -- --minutes N');
  process.exit(2);
}

const children: ChildProcess[] = [];
const directory = mkdtempSync(join(tmpdir(), 'learning-sidecar-soak-'));
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});
process.once('SIGINT', () => process.exit(130));

/** Calls with each line that it prints. Its end is the end of the soak. */
function start(script: string, args: readonly string[], onLine: (line: string) => void): number {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(process.execPath, [path, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  createInterface(child.stdout).on('line', onLine);
  child.once('exit', (code, signal) => {
    console.error(`${script} ended (${code ?? signal})`);
    process.exit(1);
  });
  return child.pid ?? 0;
}

function startSidecar(): Promise<{ address: string; pid: number }> {
  const config = join(directory, 'config.json');
  writeFileSync(config, JSON.stringify(CONFIG));
  const flags = ['--listen', '127.0.0.1:0', '--admin-listen', '127.0.0.1:0', '--config', config];
  return new Promise((resolve) => {
    const onLine = (line: string) => {
      const { listen, level, msg } = JSON.parse(line);
      if (listen !== undefined) resolve({ address: listen[0], pid });
      else if (level > 30) console.log(`soak: the sidecar says: ${msg}`);
    };
    const more = ['--data-dir', join(directory, 'data'), '--log-level', 'info'];
    const pid = start('../src/main.ts', [...flags, ...more], onLine);
  });
}

function residentMebibytes(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) / 1024;
}

/** The next reports of both. */
function nextReports(waiting: ((line: string) => void)[]): Promise<string> {
  return new Promise((resolve) => waiting.push(resolve));
}

async function soak(): Promise<boolean> {
  const { address, pid } = await startSidecar();
  const ofTasks: ((line: string) => void)[] = [];
  const ofStreams: ((line: string) => void)[] = [];
  start('soak-streams.ts', [address, String(STREAMS), String(RESTLESS)], (line) =>
    ofStreams.shift()?.(line),
  );
  start('soak-tasks.ts', [address, String(RATE)], (line) => ofTasks.shift()?.(line));
  console.log(
    `soak: ${minutes} minutes, ${RATE} tasks/s, ${STREAMS} streams, ${RESTLESS} restless`,
  );
  const memory: number[] = [];
  let samples: number[] = [];
  setInterval(() => samples.push(residentMebibytes(pid)), SAMPLE_MS);
  let isSound = true;
  let before = 0;
  for (let minute = 1; minute <= minutes; minute += 1) {
    const lines = await Promise.all([nextReports(ofTasks), nextReports(ofStreams)]);
    const tasks: TaskReport = JSON.parse(lines[0]);
    const streams: StreamReport = JSON.parse(lines[1]);
    memory.push(mean(samples));
    samples = [];
    console.log(describe(minute, memory.at(-1) ?? 0, tasks, before, streams));
    before = tasks.recorded;
    isSound &&= streams.gaps === 0 && streams.resets === 0;
  }
  return verdict(memory) && isSound;
}

function describe(
  minute: number,
  memory: number,
  tasks: TaskReport,
  before: number,
  streams: StreamReport,
): string {
  const rate = ((tasks.recorded - before) * 1000) / MINUTE_MS;
  return (
    `soak: minute ${String(minute).padStart(2)}: RSS ${memory.toFixed(1)} MiB; RecordTask ` +
    `${rate.toFixed(0)}/s, p50 ${tasks.p50Ms.toFixed(1)} ms, p99 ${tasks.p99Ms.toFixed(1)} ms, ` +
    `${tasks.failed} failed so far; delivery p50 ${streams.p50Ms.toFixed(0)} ms, ` +
    `p99 ${streams.p99Ms.toFixed(0)} ms; ${streams.deltas} deltas, ${streams.reconnects} ` +
    `reconnects, ${streams.gaps} gaps, ${streams.resets} resets`
  );
}

function verdict(memory: readonly number[]): boolean {
  const settled = memory[SETTLED_MINUTE - 1];
  const last = memory.at(-1);
  if (settled === undefined || last === undefined || memory.length <= SETTLED_MINUTE) {
    console.log(`soak: too short to judge memory: that takes more than ${SETTLED_MINUTE} minutes`);
    return true;
  }
  const change = last / settled - 1;
  const isLevel = Math.abs(change) <= MAX_CHANGE;
  console.log(
    `soak: ${isLevel ? 'level' : 'NOT LEVEL'}: RSS ${settled.toFixed(1)} MiB in minute ` +
      `${SETTLED_MINUTE}, ${last.toFixed(1)} MiB in minute ${memory.length} (${(100 * change).toFixed(1)} %)`,
  );
  return isLevel;
}

const isSound = await soak();
console.log(`soak: ${isSound ? 'passed' : 'FAILED'}`);
process.exit(isSound ? 0 : 1);
