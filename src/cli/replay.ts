import { withSidecar } from '../client/dial.ts';
import type { TargetOptions } from '../client/target.ts';
import { type BadLine, formatBadLine, paced, readBatches } from '../trace/batches.ts';
import { sizeOfTrace } from '../trace/read.ts';
import { TaskUpload, type UploadCounts } from '../trace/upload.ts';
import { endWhenUnread, printLine } from './output.ts';
import { createProgress, formatCount, type Progress } from './progress.ts';

/** Options of `replay`. */
export interface ReplayOptions extends TargetOptions {
  readonly files: readonly string[];
  /** Maximum number of tasks sent per second. */
  readonly rate: number | undefined;
  readonly skipBadLines: boolean | undefined;
  /** Seconds without progress after a break of the connection. */
  readonly giveUpAfter: number;
}

const BATCH_SIZE = 100;

/** With `rate`, batches are small enough for about this many in a second. */
const BATCHES_PER_SECOND = 10;

/**
 * Records the tasks of traces with a running sidecar, in order. Unless bad lines are skipped, rejects at the first
 * line that is no task, once all tasks before it are acknowledged.
 */
export async function replay(options: ReplayOptions): Promise<void> {
  endWhenUnread();
  const totalBytes = totalSize(options.files);
  const progress = createProgress(process.stderr, () => performance.now());
  const bad = { count: 0, stoppedAt: '' };
  /** Returns whether to go on. */
  const onBadLine = (line: BadLine) => {
    bad.count += 1;
    if (options.skipBadLines) progress.note(formatBadLine(line));
    else bad.stoppedAt = formatBadLine(line);
    return options.skipBadLines === true;
  };
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
      await upload.run(batchesOf(options, onBadLine));
    } finally {
      progress.end();
      await printLine(summarize(upload.counts, bad.count, seconds()));
    }
  });
  if (bad.stoppedAt !== '') {
    throw new Error(`${bad.stoppedAt}\nstopped there; --skip-bad-lines goes on`);
  }
}

function batchesOf({ files, rate }: ReplayOptions, onBadLine: (line: BadLine) => boolean) {
  const wanted = Math.ceil((rate ?? Number.POSITIVE_INFINITY) / BATCHES_PER_SECOND);
  const size = Math.min(Math.max(wanted, 1), BATCH_SIZE);
  const batches = readBatches({ files, size, onBadLine });
  return rate === undefined ? batches : paced(batches, rate);
}

/** The bytes of all files; `undefined` if the size of any is unknown. Throws if a file cannot be read. */
function totalSize(files: readonly string[]): number | undefined {
  return files
    .map(sizeOfTrace)
    .reduce((sum, size) => (sum === undefined || size === undefined ? undefined : sum + size), 0);
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
