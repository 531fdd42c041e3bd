import type { Status } from '../api/answers.ts';
import { useResource } from '../context.ts';
import { Failure } from '../parts/failure.tsx';
import { Pager, usePaging } from '../parts/pages.tsx';
import { Table } from '../parts/table.tsx';
import { count, countOf } from '../words/number.ts';

type Subscriber = NonNullable<Status['subscribers']>[number];

const PAGE = 100;

/** The open streams of changes: how far each was sent, and what it has acknowledged. */
export function Subscribers() {
  const paging = usePaging();
  const query = paging.query.replace('&page_token', '&subscribers_page_token');
  const path = `status?subscribers_page_size=${PAGE}${query}`;
  const { value, error } = useResource<Status>(path, ['status', 'subscribers']);
  const latest = Number(value?.latestSequence ?? 0);
  return (
    <>
      <h1>Subscribers</h1>
      <Failure error={error} />
      {value !== undefined && (
        <>
          <p class="faint">
            {countOf(value.subscriberCount, 'open stream')}; the newest change has number{' '}
            {count(latest)}.
          </p>
          <Table
            label="Open streams of changes"
            columns={columnsAt(latest)}
            rows={numbered(value.subscribers ?? [])}
            keyOf={({ key }) => key}
            empty="No client listens at the moment."
          />
          <Pager paging={paging} nextToken={value.nextSubscribersPageToken} />
        </>
      )}
    </>
  );
}

type Row = Subscriber & { readonly key: string };

/** Two streams of one client are two rows. */
function numbered(subscribers: readonly Subscriber[]): Row[] {
  return subscribers.map((one, index) => ({ ...one, key: `${index} ${one.clientId}` }));
}

function columnsAt(latest: number) {
  const behind = (sequence: string | undefined) =>
    count(Math.max(0, latest - Number(sequence ?? 0)));
  return [
    {
      name: 'client',
      cell: ({ clientId = '' }: Row) => (clientId === '' ? 'without a name' : clientId),
    },
    { name: 'sent up to change', isNumber: true, cell: (row: Row) => count(row.sentSequence) },
    { name: 'changes still to send', isNumber: true, cell: (row: Row) => behind(row.sentSequence) },
    { name: 'acknowledged up to', isNumber: true, cell: (row: Row) => count(row.ackedSequence) },
    { name: 'changes behind', isNumber: true, cell: (row: Row) => behind(row.ackedSequence) },
  ];
}
