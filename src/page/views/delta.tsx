import type { Delta, DeltaAnswer, History, MetricEffect } from '../api/answers.ts';
import { useNow, useResource } from '../context.ts';
import { Standing } from '../parts/badge.tsx';
import { DeltaActions } from '../parts/delta-actions.tsx';
import { Failure } from '../parts/failure.tsx';
import { Link } from '../parts/link.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { deltaPath } from '../router.ts';
import { Verify } from '../verify/panel.tsx';
import { author, change, effectText } from '../words/delta.ts';
import { count, countOf, odds, percent, short } from '../words/number.ts';
import { when } from '../words/time.ts';

/** One change: where it stands, why it was proposed, what it did, its life, and its receipts verified. */
export function DeltaView({ deltaId }: { readonly deltaId: string }) {
  const path = `deltas/${encodeURIComponent(deltaId)}`;
  const { value, error } = useResource<DeltaAnswer>(path, ['deltas']);
  const delta = value?.delta;
  return (
    <>
      <p>
        <Link to="/deltas">All changes</Link>
      </p>
      <h1>{delta === undefined ? deltaId : change(delta)}</h1>
      <Failure error={error} />
      {delta !== undefined && <Known delta={delta} />}
    </>
  );
}

const TRIED = new Set([
  'VERDICT_HELPED',
  'VERDICT_HARMED',
  'VERDICT_INCONCLUSIVE',
  'VERDICT_INVALID',
]);

function Known({ delta }: { readonly delta: Delta }) {
  const { deltaId = '', effect } = delta;
  const verdict = effect?.verdict ?? '';
  const shown = TRIED.has(verdict) ? verdict.replace('VERDICT_', '').toLowerCase() : '';
  return (
    <>
      <p class="row">
        <Standing delta={delta} />
        <DeltaActions delta={delta} />
      </p>
      {effect?.summary !== undefined && effect.summary !== '' && (
        <p class="summary">{effect.summary}</p>
      )}
      <div class="columns">
        <div>
          <Effects delta={delta} />
          <Verify deltaId={deltaId} shown={shown} />
        </div>
        <div>
          <Why delta={delta} />
          <Life deltaId={deltaId} />
        </div>
      </div>
    </>
  );
}

function Why({ delta }: { readonly delta: Delta }) {
  const {
    reasoning = '',
    evaluation,
    confidence = 0,
    revertsDeltaId = '',
    trialDeltaId = '',
  } = delta;
  const nowMs = useNow();
  const related = revertsDeltaId === '' ? trialDeltaId : revertsDeltaId;
  return (
    <section aria-labelledby="why-title">
      <h2 id="why-title">Why</h2>
      <p>{reasoning === '' ? 'No reason was given.' : reasoning}</p>
      <dl>
        <dt>Proposed by</dt>
        <dd>{author(delta)}</dd>
        <dt>Proposed</dt>
        <dd>{when(delta.proposeTime, nowMs)}</dd>
        <dt>In force since</dt>
        <dd>{when(delta.applyTime, nowMs)}</dd>
        {evaluation !== undefined && (
          <>
            <dt>Score</dt>
            <dd>
              {short(evaluation.overallScore ?? 0)} of 100, confidence {percent(confidence)}.{' '}
              {evaluation.reasoning}
            </dd>
          </>
        )}
        {related !== '' && (
          <>
            <dt>{revertsDeltaId === '' ? 'Switch of the trial of' : 'Takes back'}</dt>
            <dd>
              <Link to={deltaPath(related)}>{related}</Link>
            </dd>
          </>
        )}
        <dt>Id</dt>
        <dd>
          <code>{delta.deltaId}</code>
        </dd>
      </dl>
      <Refusals delta={delta} />
    </section>
  );
}

function Refusals({ delta: { refusals = [], refusalCount = 0 } }: { readonly delta: Delta }) {
  if (refusals.length === 0) return null;
  return (
    <details>
      <summary>Refused by {countOf(refusalCount, 'client')}</summary>
      <ul>
        {refusals.map(({ clientId, reason, message }) => (
          <li key={clientId}>
            {clientId}: {reason} {message}
          </li>
        ))}
      </ul>
    </details>
  );
}

const EFFECT_COLUMNS: readonly Column<MetricEffect>[] = [
  { name: 'metric', cell: ({ metric }) => metric },
  { name: 'new against old (95 % interval)', isNumber: true, cell: effectText },
  { name: 'odds that it helps', isNumber: true, cell: ({ eHelp = 1 }) => odds(eHelp) },
  { name: 'odds that it harms', isNumber: true, cell: ({ eHarm = 1 }) => odds(eHarm) },
  {
    name: 'tasks old / new',
    isNumber: true,
    cell: ({ tasksOld, tasksNew }) => `${count(tasksOld)} / ${count(tasksNew)}`,
  },
];

function Effects({ delta: { effect } }: { readonly delta: Delta }) {
  const metrics = effect?.metrics ?? [];
  const gains = effect?.gains ?? [];
  return (
    <section aria-labelledby="effect-title">
      <h2 id="effect-title">What it did</h2>
      <Table
        label="Effects by metric"
        columns={EFFECT_COLUMNS}
        rows={metrics}
        keyOf={({ metric = '' }) => metric}
        empty="Nothing is known of its effect yet."
      />
      {gains.length > 0 && (
        <ul>
          {gains.map(({ metric, perTask = 0, lower = 0, upper = 0, groups }) => (
            <li key={metric}>
              Since it was proven, {metric}: {short(perTask)} better a task ({short(lower)} to{' '}
              {short(upper)}; {countOf(groups, 'group')} that kept the old value)
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Life({ deltaId }: { readonly deltaId: string }) {
  const path = `deltas/${encodeURIComponent(deltaId)}/history`;
  const { value, error } = useResource<History>(path, ['deltas']);
  const nowMs = useNow();
  const events = value?.events ?? [];
  return (
    <section aria-labelledby="life-title">
      <h2 id="life-title">Its life</h2>
      <Failure error={error} />
      <ol class="life">
        {events.map(({ time, kind, text, by = '' }) => (
          <li key={`${time} ${kind}`}>
            <time dateTime={time}>{when(time, nowMs)}</time> {text}
            {by !== '' && <span class="faint"> by {by}</span>}
          </li>
        ))}
      </ol>
    </section>
  );
}
