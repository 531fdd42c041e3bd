import {
  DEFAULT_MARGIN,
  type Guard,
  LATENCY,
  type Metric,
  OUTCOME,
  SUCCESS,
} from '../../domain/effect.ts';
import type { LoopSettings } from '../../domain/settings.ts';
import { own } from '../../domain/value.ts';
import type { Subject } from '../../search/state.ts';

/** What a search is about, and the metrics of its trials. */
export interface SearchSubject extends Subject {
  readonly primary: Metric;
  readonly guards: readonly Guard[];
}

/** The search for a parameter's value; `undefined` if the config has none. */
export function searchSubject(
  settings: Pick<LoopSettings, 'parameters'>,
  target: string,
): SearchSubject | undefined {
  const spec = own(settings.parameters, target);
  if (spec?.search === undefined) return undefined;
  const space = spec.search;
  const metrics = searchMetrics();
  return { space, fingerprint: JSON.stringify([target, space, metrics]), ...metrics };
}

/** What the trials of a search are to improve, and must not make worse. */
function searchMetrics(): Pick<SearchSubject, 'primary' | 'guards'> {
  const guards = [SUCCESS, LATENCY].map((metric) => ({ ...metric, margin: DEFAULT_MARGIN }));
  return { primary: OUTCOME, guards };
}
