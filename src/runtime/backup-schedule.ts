import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { BackupSettings } from '../config/config.ts';
import type { Clock } from '../domain/clock.ts';
import { messageOf } from '../domain/errors.ts';
import type { LedgerSummary } from '../store/backup.ts';

export interface BackupOptions {
  /** The data directory; backups go to its folder `backups` by default. */
  readonly dataDir: string;
  /** Copies the ledger into a file; rejects if it cannot. */
  readonly backUp: (file: string) => Promise<LedgerSummary>;
  readonly clock: Clock;
  readonly log: Logger;
}

const HOUR_MS = 3_600_000;

/** Delay of a retry after a failure, unless backups are more frequent. */
const RETRY_MS = 600_000;

/** The name of a backup, such as `ledger-2026-11-30T12-06-34Z.db`. */
const NAME = /^ledger-(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)Z\.db$/;

/** The name of a file that an interrupted backup leaves. */
const UNFINISHED = /^ledger-.*Z\.db\.incomplete/;

/** Backs the ledger up periodically, and keeps the newest backups. */
export class BackupSchedule {
  readonly #options: BackupOptions;
  #settings: BackupSettings | undefined;
  #cancel = () => {};
  #isRunning = false;

  constructor(options: BackupOptions) {
    this.#options = options;
  }

  /** Applies new settings, and removes what interrupted backups left. `undefined` stops backups. */
  configure(settings: BackupSettings | undefined): void {
    this.#settings = settings;
    if (settings !== undefined && !this.#isRunning) this.#removeUnfinished();
    this.#plan();
  }

  stop(): void {
    this.#settings = undefined;
    this.#cancel();
  }

  /** The time of the newest backup, in Unix milliseconds; `undefined` if there is none. */
  get newestMs(): number | undefined {
    if (this.#settings === undefined) return undefined;
    try {
      return backupsIn(this.#directory(), this.#options.clock.now()).at(-1)?.timeMs;
    } catch {
      return undefined;
    }
  }

  #removeUnfinished(): void {
    const directory = this.#directory();
    try {
      if (existsSync(directory)) removeFrom(directory, unfinishedIn(directory));
    } catch (error) {
      const what = 'what an interrupted backup left could not be removed';
      this.#options.log.warn({ err: error, directory }, `${what}: ${messageOf(error)}`);
    }
  }

  #directory(): string {
    return this.#settings?.directory ?? join(this.#options.dataDir, 'backups');
  }

  /** Plans the next backup for a period after the newest one, which an earlier process may have made. */
  #plan(leastMs = 0): void {
    this.#cancel();
    if (this.#settings === undefined || this.#isRunning) return;
    const { clock } = this.#options;
    const periodMs = this.#settings.everyHours * HOUR_MS;
    const sinceMs = clock.now() - (this.newestMs ?? Number.NEGATIVE_INFINITY);
    const delayMs = Math.max(periodMs - sinceMs, Math.min(leastMs, periodMs), 0);
    this.#cancel = clock.schedule(() => void this.#run(), delayMs);
  }

  async #run(): Promise<void> {
    const { backUp, clock, log } = this.#options;
    const directory = this.#directory();
    const time = new Date(clock.now()).toISOString().slice(0, 19).replaceAll(':', '-');
    const file = join(directory, `ledger-${time}Z.db`);
    this.#isRunning = true;
    let failed = false;
    try {
      mkdirSync(directory, { recursive: true });
      const { bytes } = await backUp(file);
      log.info({ file, bytes }, 'the ledger was backed up');
      removeOld(directory, clock.now(), this.#settings?.keep);
    } catch (error) {
      failed = true;
      log.error({ err: error, file }, `the ledger could not be backed up: ${messageOf(error)}`);
    }
    this.#isRunning = false;
    this.#plan(failed ? RETRY_MS : 0);
  }
}

interface Backup {
  readonly name: string;
  readonly timeMs: number;
}

/** The backups of a directory, oldest first. Left out are those of the future, made before the clock was set back. */
function backupsIn(directory: string, nowMs: number): readonly Backup[] {
  return readdirSync(directory)
    .flatMap((name): Backup[] => {
      const [, date, hour, minute, second] = NAME.exec(name) ?? [];
      const timeMs = Date.parse(`${date}T${hour}:${minute}:${second}Z`);
      return timeMs <= nowMs ? [{ name, timeMs }] : [];
    })
    .sort((a, b) => a.timeMs - b.timeMs);
}

function unfinishedIn(directory: string): readonly string[] {
  return readdirSync(directory).filter((name) => UNFINISHED.test(name));
}

function removeOld(directory: string, nowMs: number, keep = Number.POSITIVE_INFINITY): void {
  const backups = backupsIn(directory, nowMs).map(({ name }) => name);
  const old = backups.slice(0, Math.max(backups.length - keep, 0));
  removeFrom(directory, [...old, ...unfinishedIn(directory)]);
}

function removeFrom(directory: string, names: readonly string[]): void {
  for (const name of names) rmSync(join(directory, name), { force: true });
}
