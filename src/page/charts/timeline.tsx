import { useMemo, useState } from 'preact/hooks';
import type { Timeline as TimelineAnswer, TimelineChange } from '../api/answers.ts';
import { useNow, useResource } from '../context.ts';
import { Failure } from '../parts/failure.tsx';
import { Link } from '../parts/link.tsx';
import { deltaPath } from '../router.ts';
import { duration, percent, short } from '../words/number.ts';
import { when } from '../words/time.ts';
import { Chart } from './chart.tsx';
import type { Mark } from './chart-options.ts';
import { chartsOf } from './timeline-data.ts';

const SPANS = [
  { name: '15 min', ms: 900_000 },
  { name: '1 h', ms: 3_600_000 },
  { name: '6 h', ms: 21_600_000 },
  { name: '24 h', ms: 86_400_000 },
  { name: '7 days', ms: 604_800_000 },
  { name: '30 days', ms: 2_592_000_000 },
] as const;

const POINTS = 300;

/** How coarse the end of the span is, so that a moment later the same answer is asked for. */
const STEP_MS = 60_000;

/** Changes named below the charts: the newest. */
const MAX_NAMED = 8;

const TONES: Readonly<Record<string, string>> = {
  reverted: 'bad',
  promoted: 'busy',
  confirmed: 'good',
  applied: 'accent',
};

/** Latency, success and tasks a minute, with the changes marked on them. */
export function TimelineSection() {
  const [spanMs, setSpanMs] = useState<number>(SPANS[0].ms);
  const now = useNow();
  const to = Math.ceil(now / STEP_MS) * STEP_MS;
  const path = `timeline?from=${iso(to - spanMs)}&to=${iso(to)}&points=${POINTS}`;
  const { value, error } = useResource<TimelineAnswer>(path, ['timeline'], 1000);
  return (
    <section aria-labelledby="timeline-title">
      <header class="row">
        <h2 id="timeline-title">Timeline</h2>
        <fieldset class="choice">
          <legend class="unseen">Time shown</legend>
          {SPANS.map(({ name, ms }) => (
            <button
              key={name}
              type="button"
              aria-pressed={ms === spanMs}
              onClick={() => setSpanMs(ms)}
            >
              {name}
            </button>
          ))}
        </fieldset>
      </header>
      <Failure error={error} />
      {value === undefined ? (
        <p class="empty">Loading …</p>
      ) : (
        <Charts answer={value} nowMs={now} toMs={to} spanMs={spanMs} />
      )}
    </section>
  );
}

function iso(ms: number): string {
  return encodeURIComponent(new Date(ms).toISOString());
}

interface ChartsProps {
  readonly answer: TimelineAnswer;
  readonly nowMs: number;
  readonly toMs: number;
  readonly spanMs: number;
}

function Charts({ answer, nowMs, toMs, spanMs }: ChartsProps) {
  const span = useMemo(() => [(toMs - spanMs) / 1000, toMs / 1000] as const, [toMs, spanMs]);
  const data = useMemo(() => chartsOf(answer), [answer]);
  const marks = useMemo(() => answer.changes.map(markOf), [answer]);
  const shared = {
    ...{ isTime: true, marks, span, syncKey: 'timeline', xName: 'time', height: 150 },
    formatX: (x: number) => new Date(x * 1000).toLocaleString('en-GB'),
  };
  return (
    <>
      <Chart
        {...shared}
        title="Latency of tasks"
        summary={data.summary}
        lines={[
          { name: 'median', color: 'one' },
          { name: '95th percentile', color: 'two' },
        ]}
        data={data.latency}
        format={duration}
        min={0}
      />
      <div class="halves">
        <Chart
          {...shared}
          title="Tasks that succeed"
          summary=""
          lines={[{ name: 'success', color: 'one' }]}
          data={data.success}
          format={percent}
          min={0}
          max={1}
        />
        <Chart
          {...shared}
          title="Tasks a minute"
          summary=""
          lines={[{ name: 'tasks a minute', color: 'one' }]}
          data={data.rate}
          format={(rate) => `${short(rate)}/min`}
          min={0}
        />
      </div>
      <NamedChanges changes={answer.changes} nowMs={nowMs} />
    </>
  );
}

function markOf({ time, kind, target }: TimelineChange): Mark {
  return {
    x: new Date(time).getTime() / 1000,
    label: `${target} ${kind}`,
    color: TONES[kind] ?? 'accent',
  };
}

interface NamedProps {
  readonly changes: readonly TimelineChange[];
  readonly nowMs: number;
}

function NamedChanges({ changes, nowMs }: NamedProps) {
  if (changes.length === 0) return <p class="faint">Nothing was changed in this time.</p>;
  const named = changes.slice(-MAX_NAMED).reverse();
  return (
    <ul class="marks" aria-label="Changes in this time">
      {named.map(({ time, deltaId, kind, target }) => (
        <li key={`${time} ${deltaId} ${kind}`}>
          <i class={`mark ${TONES[kind] ?? 'accent'}`} aria-hidden="true" />
          <Link to={deltaPath(deltaId)}>{target}</Link> {kind}{' '}
          <span class="faint">{when(time, nowMs)}</span>
        </li>
      ))}
      {changes.length > MAX_NAMED && <li class="faint">and {changes.length - MAX_NAMED} before</li>}
    </ul>
  );
}
