import { searchRuleId } from '../../domain/search.ts';
import type { LoopSettings } from '../../domain/settings.ts';
import { own } from '../../domain/value.ts';
import type { Subject } from '../../search/state.ts';
import type { Tried } from './start-trial.ts';

/** What a search is about, and the metrics of its trials. */
export type SearchSubject = Subject & Tried;

/** The search for a parameter's value; `undefined` if the config has none. */
export function searchSubject(
  settings: Pick<LoopSettings, 'parameters'>,
  target: string,
): SearchSubject | undefined {
  const spec = own(settings.parameters, target);
  if (spec?.search === undefined) return undefined;
  const { search: space, objective } = spec;
  const fingerprint = JSON.stringify([target, space, objective]);
  return { id: searchRuleId(target), target, space, fingerprint, ...objective };
}
