import type { Parameter } from '../api/answers.ts';
import { useNow, useResource } from '../context.ts';
import { Failure } from '../parts/failure.tsx';
import { Link } from '../parts/link.tsx';
import { SetValue } from '../parts/set-value.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { deltaPath } from '../router.ts';
import { show } from '../words/delta.ts';
import { boundsText } from '../words/parameter.ts';
import { when } from '../words/time.ts';

/** Every parameter: its value, who set it, its bounds and what it was before. */
export function Parameters() {
  const { value, error } = useResource<readonly Parameter[]>('parameters', ['parameters']);
  const nowMs = useNow();
  return (
    <>
      <h1>Parameters</h1>
      <Failure error={error} />
      {value !== undefined && (
        <Table
          label="Parameters"
          columns={columnsAt(nowMs)}
          rows={value}
          keyOf={({ name }) => name}
          empty="The config declares no parameter, and no rule has added one."
        />
      )}
    </>
  );
}

function columnsAt(nowMs: number): readonly Column<Parameter>[] {
  return [
    { name: 'parameter', cell: ({ name }) => <b>{name}</b> },
    { name: 'value', cell: (parameter) => <Values parameter={parameter} /> },
    { name: 'allowed', cell: boundsText },
    { name: 'set by', cell: ({ setBy }) => setBy },
    { name: 'since', cell: ({ since }) => when(since, nowMs) },
    { name: 'before', cell: (parameter) => <Before parameter={parameter} nowMs={nowMs} /> },
    { name: 'set', cell: (parameter) => <SetValue parameter={parameter} /> },
  ];
}

function Values({ parameter: { value, cohorts } }: { readonly parameter: Parameter }) {
  return (
    <>
      <code>{show(value)}</code>
      {cohorts.map((one) => (
        <p key={one.cohort} class="faint">
          {one.cohort}: <code>{show(one.value)}</code>
        </p>
      ))}
    </>
  );
}

/** Changes that are named at most. */
const SHOWN = 50;

interface BeforeProps {
  readonly parameter: Parameter;
  readonly nowMs: number;
}

function Before({ parameter: { name, history }, nowMs }: BeforeProps) {
  if (history.length === 0) return <span class="faint">never changed</span>;
  return (
    <details>
      <summary>
        {history.length} {history.length === 1 ? 'change' : 'changes'}
        <span class="unseen"> of {name}</span>
      </summary>
      <ol class="life">
        {history.slice(0, SHOWN).map(({ time, deltaId, value, by, cohort }) => (
          <li key={deltaId}>
            <time dateTime={time}>{when(time, nowMs)}</time>{' '}
            <Link to={deltaPath(deltaId)}>{show(value)}</Link>{' '}
            <span class="faint">
              {cohort !== undefined && `where ${cohort} `}by {by}
            </span>
          </li>
        ))}
      </ol>
    </details>
  );
}
