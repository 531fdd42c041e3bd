import type { Cycle, CyclePage } from '../api/answers.ts';
import { useNow, useResource } from '../context.ts';
import { Failure } from '../parts/failure.tsx';
import { Pager, usePaging } from '../parts/pages.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { count, duration } from '../words/number.ts';
import { when } from '../words/time.ts';

const PAGE = 50;

/** The cycles that are retained, a page at a time. */
export function Cycles() {
  const paging = usePaging();
  const path = `cycles?page_size=${PAGE}${paging.query}`;
  const { value, error } = useResource<CyclePage>(path, ['cycles']);
  const nowMs = useNow();
  return (
    <>
      <h1>Cycles</h1>
      <Failure error={error} />
      {value !== undefined && (
        <Table
          label="Cycles, the newest first"
          columns={columnsAt(nowMs)}
          rows={value.cycles ?? []}
          keyOf={({ cycleId = '' }) => cycleId}
          empty="No cycle has run yet."
        />
      )}
      <Pager paging={paging} nextToken={value?.nextPageToken} />
    </>
  );
}

/** A duration of proto3 JSON, such as `0.012s`. */
function tookText({ duration: text = '0s' }: Cycle): string {
  return duration(Number(text.replace(/s$/, '')) * 1000);
}

function columnsAt(nowMs: number): readonly Column<Cycle>[] {
  return [
    { name: 'cycle', isNumber: true, cell: ({ number }) => count(number) },
    { name: 'started', cell: ({ startTime }) => when(startTime, nowMs) },
    { name: 'took', isNumber: true, cell: tookText },
    { name: 'tasks in its window', isNumber: true, cell: (cycle) => count(cycle.tasksAnalyzed) },
    { name: 'proposed', isNumber: true, cell: (cycle) => count(cycle.deltasProposed) },
    { name: 'put in force', isNumber: true, cell: (cycle) => count(cycle.deltasApplied) },
  ];
}
