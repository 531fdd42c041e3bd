import type { RejectReason } from './place.ts';

/** Why spans that should have been tasks are none, for the exporter that sent them. */
const SENTENCES: Readonly<Record<RejectReason, string>> = {
  several_ids: 'marked by several task ids, and so a task of none: open a span for each task',
  no_span_id: 'without a valid trace id and span id',
  no_times: 'without a start or an end',
  reversed_times: 'that ended before they began',
  long_id: 'whose task id is longer than 256 bytes',
  unknown_status: 'to which otlp.status gives a word that is no status',
};

/** All rejections of a request in one sentence; empty if there are none. */
export function describeRejections(rejected: readonly RejectReason[]): string {
  if (rejected.length === 0) return '';
  const counts = new Map<RejectReason, number>();
  for (const reason of rejected) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const parts = [...counts].map(([reason, count]) => `${count} ${SENTENCES[reason]}`);
  return `not taken as tasks: spans ${parts.join('; ')}`;
}
