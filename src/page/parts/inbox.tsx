import type { Delta, DeltaPage } from '../api/answers.ts';
import { useNow, useResource } from '../context.ts';
import { deltaPath } from '../router.ts';
import { author, change } from '../words/delta.ts';
import { countOf, percent, short } from '../words/number.ts';
import { ago } from '../words/time.ts';
import { DeltaActions } from './delta-actions.tsx';
import { Failure } from './failure.tsx';
import { Link } from './link.tsx';

const SHOWN = 20;

/** The proposals that wait for a person or a trial. */
export function Inbox() {
  const path = `deltas?state=DELTA_STATE_PROPOSED&page_size=${SHOWN}`;
  const { value, error } = useResource<DeltaPage>(path, ['deltas']);
  const nowMs = useNow();
  const deltas = value?.deltas ?? [];
  const isMore = (value?.nextPageToken ?? '') !== '';
  return (
    <section aria-labelledby="inbox-title">
      <h2 id="inbox-title">
        What waits
        {deltas.length > 0 && <span class="tally">{isMore ? `${SHOWN}+` : deltas.length}</span>}
      </h2>
      <Failure error={error} />
      {value !== undefined && deltas.length === 0 && <p class="empty">Nothing waits for you.</p>}
      <ul class="cards">
        {deltas.map((delta) => (
          <Proposal key={delta.deltaId} delta={delta} nowMs={nowMs} />
        ))}
      </ul>
      {isMore && (
        <p>
          <Link to="/deltas?state=DELTA_STATE_PROPOSED">All that wait</Link>
        </p>
      )}
    </section>
  );
}

function Proposal({ delta, nowMs }: { readonly delta: Delta; readonly nowMs: number }) {
  const { deltaId = '', reasoning, evaluation, confidence = 0, expireTime, effect } = delta;
  const refusals = Number(delta.refusalCount ?? 0);
  return (
    <li class="card">
      <h3>
        <Link to={deltaPath(deltaId)}>{change(delta)}</Link>
      </h3>
      <p>{reasoning}</p>
      <p class="faint">
        By {author(delta)}, {ago(delta.proposeTime, nowMs)}
        {expireTime !== undefined && `; expires ${ago(expireTime, nowMs)}`}.
      </p>
      {evaluation !== undefined && (
        <details>
          <summary>
            Score {short(evaluation.overallScore ?? 0)} of 100, confidence {percent(confidence)}
          </summary>
          <p>{evaluation.reasoning}</p>
          <p>{evaluation.estimatedBenefit}</p>
        </details>
      )}
      {effect?.summary !== undefined && effect.summary !== '' && <p>{effect.summary}</p>}
      {refusals > 0 && <p class="failure">Refused by {countOf(refusals, 'client')}.</p>}
      <p class="row">
        <DeltaActions delta={delta} />
      </p>
    </li>
  );
}
