import { useMemo } from 'preact/hooks';
import type { EvidenceSeries, OpenTrial, Trials } from '../api/answers.ts';
import { Chart } from '../charts/chart.tsx';
import type { ChartData } from '../charts/chart-data.ts';
import { Distributions } from '../charts/distributions.tsx';
import { useNow, useResource } from '../context.ts';
import { deltaPath } from '../router.ts';
import { change } from '../words/delta.ts';
import { count, countOf, odds, short } from '../words/number.ts';
import { ago } from '../words/time.ts';
import { Ask } from './ask.tsx';
import { Badge } from './badge.tsx';
import { Failure } from './failure.tsx';
import { Link } from './link.tsx';

/** The trials that are on: a trial of a value that is not in force first. */
export function OpenTrials() {
  const { value, error } = useResource<Trials>('trials', ['trials'], 500);
  const trials = value?.trials ?? [];
  const isPaused = value?.paused ?? false;
  return (
    <section aria-labelledby="trials-title">
      <header class="row">
        <h2 id="trials-title">On trial now</h2>
        <PauseOrResume isPaused={isPaused} />
      </header>
      <Failure error={error} />
      {isPaused && <p class="notice">Trials are paused: no task is assigned a value to try.</p>}
      {value !== undefined && trials.length === 0 && (
        <p class="empty">No change is being tried at the moment.</p>
      )}
      {trials.toSorted(byStage).map((trial) => (
        <TrialCard key={trial.deltaId} trial={trial} />
      ))}
    </section>
  );
}

const ORDER = ['trial', 'probation', 'holdback'];

function byStage(a: OpenTrial, b: OpenTrial): number {
  return ORDER.indexOf(a.stage) - ORDER.indexOf(b.stage);
}

function PauseOrResume({ isPaused }: { readonly isPaused: boolean }) {
  return isPaused ? (
    <Ask
      name="Resume trials"
      question="Resume trials?"
      path="trials/resume"
      became={() => 'Trials go on.'}
    />
  ) : (
    <Ask
      name="Pause trials"
      question="Pause all trials until somebody resumes them?"
      path="trials/pause"
      became={() => 'Trials are paused.'}
    />
  );
}

const STAGES: Readonly<Record<string, string>> = {
  trial: 'compared pair by pair',
  probation: 'on probation',
  holdback: 'being measured',
};

function TrialCard({ trial }: { readonly trial: OpenTrial }) {
  const { deltaId, stage, summary, couldFind, suspended, distributions } = trial;
  const [primary, ...guards] = trial.series.filter(({ sets }) => sets.length > 0);
  return (
    <article class="card" aria-label={`Trial of ${trial.target}`}>
      <h3>
        <Link to={deltaPath(deltaId)}>{change(trial)}</Link>{' '}
        <Badge text={STAGES[stage] ?? stage} tone="busy" />
      </h3>
      <Progress trial={trial} />
      <p>{summary}</p>
      {stage === 'trial' && couldFind !== summary && couldFind !== '' && (
        <p class="faint">{couldFind}</p>
      )}
      {suspended && (
        <p class="notice">
          It looks like harm: the old value is in force until the tasks under way have ended.
        </p>
      )}
      {primary !== undefined && <Evidence series={primary} trial={trial} />}
      {guards.length > 0 && (
        <details>
          <summary>Evidence in {guards.map(({ metric }) => metric).join(', ')}</summary>
          {guards.map((one) => (
            <Evidence key={one.metric} series={one} trial={trial} />
          ))}
        </details>
      )}
      <Distributions distributions={distributions} />
    </article>
  );
}

function Progress({ trial: { tasksUsed, maxTasks, endsBy } }: { readonly trial: OpenTrial }) {
  const nowMs = useNow();
  const ends = endsBy === undefined ? '' : `; ends ${ago(endsBy, nowMs)} at the latest`;
  if (maxTasks === undefined)
    return (
      <p class="progress">
        {countOf(tasksUsed, 'task')} counted{ends}
      </p>
    );
  const text = `${count(tasksUsed)} of at most ${countOf(maxTasks, 'task')} counted${ends}`;
  return (
    <p class="progress">
      <progress value={tasksUsed} max={maxTasks} aria-label={text} />
      {text}
    </p>
  );
}

interface EvidenceProps {
  readonly series: EvidenceSeries;
  readonly trial: Pick<OpenTrial, 'threshold' | 'harmThreshold'>;
}

/** The odds against chance of help and of harm, set by set, against what a verdict needs. */
function Evidence({ series, trial: { threshold, harmThreshold } }: EvidenceProps) {
  const { metric, sets, harm, help } = series;
  const data = useMemo<ChartData>(
    () => [sets, help, harm, sets.map(() => threshold)],
    [sets, help, harm, threshold],
  );
  const top = Math.max(threshold, ...help, ...harm);
  const newest = `help ${odds(help.at(-1) ?? 1)}, harm ${odds(harm.at(-1) ?? 1)}`;
  return (
    <Chart
      title={`Evidence in ${metric}, as odds against chance`}
      summary={`Evidence of ${newest}; help decides from ${short(threshold)} to 1 on, harm from ${short(harmThreshold)} to 1.`}
      lines={[
        { name: 'that it helps', color: 'good' },
        { name: 'that it harms', color: 'bad' },
        { name: 'needed for help', color: 'faint', isDashed: true },
      ]}
      data={data}
      isLog
      min={0.1}
      max={top}
      format={(value) => (value < 1 ? `1 to ${count(1 / value)}` : `${count(value)} to 1`)}
      xName="set"
      formatX={(set) => `after ${countOf(set, 'set')}`}
    />
  );
}
