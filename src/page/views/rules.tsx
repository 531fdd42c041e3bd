import type { RuleStatus, Status } from '../api/answers.ts';
import { useNow, useResource } from '../context.ts';
import { Failure } from '../parts/failure.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { count, percent } from '../words/number.ts';
import { ago } from '../words/time.ts';

/** The rules in force, with what trials have taught about each. */
export function Rules() {
  const { value, error } = useResource<Status>('status', [
    'status',
    'rules',
    'config',
    'subscribers',
  ]);
  const nowMs = useNow();
  return (
    <>
      <h1>Rules</h1>
      <p class="faint">
        Confidence begins as the config says, and moves with each verdict of a rule's trials.
      </p>
      <Failure error={error} />
      {value !== undefined && (
        <Table
          label="Rules"
          columns={columnsAt(nowMs)}
          rows={value.rules ?? []}
          keyOf={({ ruleId = '' }) => ruleId}
          empty="The config has no rules: nothing is learned."
        />
      )}
    </>
  );
}

function columnsAt(nowMs: number): readonly Column<RuleStatus>[] {
  return [
    { name: 'rule', cell: ({ ruleId }) => <b>{ruleId}</b> },
    { name: 'confidence', isNumber: true, cell: ({ confidence = 0 }) => percent(confidence) },
    { name: 'helped', isNumber: true, cell: ({ helped }) => count(helped) },
    { name: 'harmed', isNumber: true, cell: ({ harmed }) => count(harmed) },
    { name: 'no difference', isNumber: true, cell: ({ inconclusive }) => count(inconclusive) },
    {
      name: 'rests',
      cell: ({ restingUntil }) =>
        restingUntil === undefined ? 'no' : `until ${ago(restingUntil, nowMs)}`,
    },
    { name: 'waits for', cell: ({ waiting = '' }) => (waiting === '' ? '–' : waiting) },
  ];
}
