import { withSidecar } from '../client/dial.ts';
import type { TargetOptions } from '../client/target.ts';
import { type BadLine, formatBadLine, paced, readBatches } from '../trace/batches.ts';
import { sizeOfTrace } from '../trace/read.ts';
import { TaskUpload, type UploadCounts } from '../trace/upload.ts';
import { endWhenUnread, printLine } from './output.ts';
import { createProgress, formatCount, type Progress } from './progress.ts';

/** What `replay` is told. */
export interface ReplayOptions extends TargetOptions {
  readonly files: readonly string[];
  /** Tasks a second. */
  readonly rate: number | undefined;
  readonly skipBadLines: boolean | undefined;
  /** Seconds. */
  readonly giveUpAfter: number;
}

const BATCH_SIZE = 100;

/** At a given rate, batches are small enough to come about so often in a second. */
const BATCHES_PER_SECOND = 10;

/**
 * Records the tasks of traces with a running sidecar, in order. Rejects where a line is no task,
 * once all before it is acknowledged.
 */
export async function replay(options: ReplayOptions): Promise<void> {
  endWhenUnread();
  const totalBytes = totalSize(options.files);
  const progress = createProgress(process.stderr, () => performance.now());
  const badLines = new BadLines(progress, options.skipBadLines === true);
  await withSidecar(options, async (client) => {
    const startMs = performance.now();
    const seconds = () => (performance.now() - startMs) / 1000;
    const upload = new TaskUpload({
      client,
      giveUpAfterMs: options.giveUpAfter * 1000,
      onProgress: (counts) => show(progress, counts, totalBytes, seconds()),
      onNotice: (text) => progress.note(text),
    });
    try {
      await upload.run(batchesOf(options, badLines));
    } finally {
      progress.end();
      await printLine(summarize(upload.counts, badLines.count, seconds()));
    }
  });
  if (badLines.stoppedAt !== undefined) {
    throw new Error(
      `${formatBadLine(badLines.stoppedAt)}\nstopped there; --skip-bad-lines goes on`,
    );
  }
}

/** Names the bad lines, or remembers the one to stop at. */
class BadLines {
  readonly #progress: Progress;
  readonly #skip: boolean;
  count = 0;
  stoppedAt: BadLine | undefined;

  constructor(progress: Progress, skip: boolean) {
    this.#progress = progress;
    this.#skip = skip;
  }

  /** Answers whether to go on. */
  take(line: BadLine): boolean {
    this.count += 1;
    if (this.#skip) this.#progress.note(formatBadLine(line));
    else this.stoppedAt = line;
    return this.#skip;
  }
}

function batchesOf({ files, rate }: ReplayOptions, badLines: BadLines) {
  const size =
    rate === undefined
      ? BATCH_SIZE
      : Math.min(Math.max(Math.ceil(rate / BATCHES_PER_SECOND), 1), BATCH_SIZE);
  const batches = readBatches({ files, size, onBadLine: (line) => badLines.take(line) });
  return rate === undefined ? batches : paced(batches, rate);
}

/** `undefined` where the size of any is not known. Throws for people, before anything is sent. */
function totalSize(files: readonly string[]): number | undefined {
  const sizes = files.map(sizeOfTrace);
  return sizes.some((size) => size === undefined)
    ? undefined
    : sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
}

function show(
  progress: Progress,
  counts: UploadCounts,
  totalBytes: number | undefined,
  seconds: number,
): void {
  const tasks = counts.recorded + counts.duplicates;
  progress.update({
    tasks,
    tasksPerSecond: tasks / seconds,
    share: totalBytes === undefined || totalBytes === 0 ? undefined : counts.bytes / totalBytes,
  });
}

function summarize(counts: UploadCounts, badLines: number, seconds: number): string {
  const { read, recorded, duplicates, sentAgain } = counts;
  const acknowledged = recorded + duplicates;
  const parts = [
    `${formatCount(read)} tasks read`,
    `${formatCount(recorded)} recorded`,
    `${formatCount(duplicates)} duplicates`,
    `${formatCount(badLines)} bad lines`,
  ];
  if (sentAgain > 0) parts.push(`${formatCount(sentAgain)} sent again after a break`);
  if (read > acknowledged) parts.push(`${formatCount(read - acknowledged)} not acknowledged`);
  const rate = seconds > 0 ? acknowledged / seconds : 0;
  return `${parts.join(', ')}; ${seconds.toFixed(2)} s, ${formatCount(rate)} tasks/s`;
}
