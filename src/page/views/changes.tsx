import { useState } from 'preact/hooks';
import type { Delta, DeltaPage } from '../api/answers.ts';
import { useNow, useResource } from '../context.ts';
import { Standing } from '../parts/badge.tsx';
import { Failure } from '../parts/failure.tsx';
import { Link } from '../parts/link.tsx';
import { Pager, usePaging } from '../parts/pages.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { deltaPath } from '../router.ts';
import { author, change } from '../words/delta.ts';
import { short } from '../words/number.ts';
import { when } from '../words/time.ts';

const PAGE = 50;

const FILTERS = [
  { name: 'all', states: '' },
  { name: 'waiting', states: 'DELTA_STATE_PROPOSED' },
  { name: 'on trial', states: 'DELTA_STATE_TRIAL,DELTA_STATE_PROVISIONAL' },
  { name: 'in force', states: 'DELTA_STATE_APPLIED,DELTA_STATE_PROVISIONAL,DELTA_STATE_CONFIRMED' },
  { name: 'not kept', states: 'DELTA_STATE_REVERTED,DELTA_STATE_REJECTED,DELTA_STATE_EXPIRED' },
] as const;

/** Every change that is retained, a page at a time. */
export function Changes() {
  const [states, setStates] = useState<string>(initialStates);
  const paging = usePaging();
  const filter = states === '' ? '' : `&state=${states}`;
  const path = `deltas?page_size=${PAGE}${filter}${paging.query}`;
  const { value, error } = useResource<DeltaPage>(path, ['deltas']);
  const nowMs = useNow();
  const choose = (chosen: string) => {
    setStates(chosen);
    paging.first();
  };
  return (
    <>
      <h1>Changes</h1>
      <fieldset class="choice">
        <legend class="unseen">Changes shown</legend>
        {FILTERS.map((one) => (
          <button
            key={one.name}
            type="button"
            aria-pressed={one.states === states}
            onClick={() => choose(one.states)}
          >
            {one.name}
          </button>
        ))}
      </fieldset>
      <Failure error={error} />
      {value !== undefined && (
        <Table
          label="Changes, the newest first"
          columns={columnsAt(nowMs)}
          rows={value.deltas ?? []}
          keyOf={({ deltaId = '' }) => deltaId}
          empty="There are no such changes."
        />
      )}
      <Pager paging={paging} nextToken={value?.nextPageToken} />
    </>
  );
}

function initialStates(): string {
  const asked = new URLSearchParams(location.search).get('state') ?? '';
  return FILTERS.find(({ states }) => states === asked)?.states ?? '';
}

function columnsAt(nowMs: number): readonly Column<Delta>[] {
  return [
    {
      name: 'change',
      cell: (delta) => <Link to={deltaPath(delta.deltaId ?? '')}>{change(delta)}</Link>,
    },
    { name: 'standing', cell: (delta) => <Standing delta={delta} /> },
    { name: 'by', cell: author },
    { name: 'proposed', cell: ({ proposeTime }) => when(proposeTime, nowMs) },
    { name: 'in force since', cell: ({ applyTime }) => when(applyTime, nowMs) },
    {
      name: 'score of 100',
      isNumber: true,
      cell: ({ evaluation }) =>
        evaluation === undefined ? '–' : short(evaluation.overallScore ?? 0),
    },
  ];
}
