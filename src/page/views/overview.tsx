import type { DeltaPage, Gains, Ledger, Status } from '../api/answers.ts';
import { TimelineSection } from '../charts/timeline.tsx';
import { useNow, useResource } from '../context.ts';
import { Ask } from '../parts/ask.tsx';
import { Standing } from '../parts/badge.tsx';
import { Failure } from '../parts/failure.tsx';
import { Inbox } from '../parts/inbox.tsx';
import { Link } from '../parts/link.tsx';
import { OpenTrials } from '../parts/open-trials.tsx';
import { deltaPath } from '../router.ts';
import { author, change } from '../words/delta.ts';
import { gainsWords, tallyText } from '../words/gains.ts';
import { healthOf } from '../words/health.ts';
import { countOf } from '../words/number.ts';
import { ago } from '../words/time.ts';

/** The four questions: is it healthy, what was gained, what is being tried and was changed, what waits. */
export function Overview() {
  return (
    <>
      <h1 class="unseen">Overview</h1>
      <HealthLine />
      <Gained />
      <div class="columns">
        <div>
          <TimelineSection />
          <OpenTrials />
        </div>
        <div>
          <Inbox />
          <NewestChanges />
        </div>
      </div>
    </>
  );
}

function HealthLine() {
  const { value, error } = useResource<Status>('status', ['status', 'config', 'subscribers'], 500);
  const ledger = useResource<Ledger>('ledger', ['ledger']);
  const nowMs = useNow();
  if (value === undefined) return <Failure error={error} />;
  const facts = healthOf(value, ledger.value, nowMs);
  const isWell = facts.every((fact) => fact.isWell);
  return (
    <section class="health-line" aria-label="Health">
      <p>
        <b class={isWell ? 'good' : 'bad'}>{isWell ? 'Healthy' : 'Needs attention'}</b>
        {facts.map(({ name, text, isWell: isFactWell }) => (
          <span key={name} class={isFactWell ? '' : 'bad'}>
            {text}
          </span>
        ))}
        <Link to="/health">details</Link>
      </p>
    </section>
  );
}

function Gained() {
  const { value, error } = useResource<Gains>('gains', ['gains'], 1000);
  const proven = useResource<DeltaPage>('deltas?state=DELTA_STATE_CONFIRMED&page_size=3', [
    'deltas',
  ]);
  const nowMs = useNow();
  if (value === undefined) return <Failure error={error} />;
  const { isProven, headline, more } = gainsWords(value, proven.value?.deltas ?? [], nowMs);
  return (
    <section class="gained" aria-labelledby="gained-title">
      <h2 id="gained-title">What was gained</h2>
      <p class={isProven ? 'headline' : 'headline unproven'}>{headline}</p>
      {more.map((text) => (
        <p key={text}>{text}</p>
      ))}
      <p class="faint">
        {tallyText(value)} · {countOf(value.totalTasksRecorded, 'task')} recorded
      </p>
    </section>
  );
}

const SHOWN = 8;

function NewestChanges() {
  const { value, error } = useResource<DeltaPage>(`deltas?page_size=${SHOWN}`, ['deltas']);
  const nowMs = useNow();
  const deltas = value?.deltas ?? [];
  return (
    <section aria-labelledby="changes-title">
      <header class="row">
        <h2 id="changes-title">Newest changes</h2>
        <Ask
          name="Run a cycle"
          question="Ask all rules now, without waiting for the next cycle?"
          path="cycles"
          became={cycleText}
        />
      </header>
      <Failure error={error} />
      {value !== undefined && deltas.length === 0 && <p class="empty">Nothing was proposed yet.</p>}
      <ul class="list">
        {deltas.map((delta) => (
          <li key={delta.deltaId}>
            <Link to={deltaPath(delta.deltaId ?? '')}>{change(delta)}</Link>{' '}
            <Standing delta={delta} />
            <p class="faint">
              {author(delta)}, {ago(delta.applyTime ?? delta.proposeTime, nowMs)}
            </p>
          </li>
        ))}
      </ul>
      <Link to="/deltas">All changes</Link>
    </section>
  );
}

function cycleText(answer: unknown): string {
  // RunCycle answers with its cycle.
  const { cycle = {} } = answer as {
    readonly cycle?: { readonly deltasProposed?: string; readonly deltasApplied?: string };
  };
  const { deltasProposed = '0', deltasApplied = '0' } = cycle;
  return `${countOf(deltasProposed, 'change')} proposed, ${deltasApplied} put in force.`;
}
