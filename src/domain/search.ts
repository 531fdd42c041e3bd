import type { Value } from './value.ts';

/** How steps are measured: as factors, or as shares of the range. */
export const SEARCH_SCALES = ['log', 'linear'] as const;
export type SearchScale = (typeof SEARCH_SCALES)[number];

/** All numbers from `min` to `max`. */
export interface SearchRange {
  readonly scale: SearchScale;
  /** Above 0 on a log scale. */
  readonly min: number;
  /** Above `min`. */
  readonly max: number;
  /** Whether only whole numbers are tried. */
  readonly isWhole: boolean;
  /** The most by which one move may change the value; `undefined`: no bound. */
  readonly maxStep: number | undefined;
}

/** Where the best value of a parameter is looked for: in a range, or among some values. */
export type SearchSpace = SearchRange | { readonly values: readonly Value[] };

const RULE_PREFIX = 'search:';

/** The rule id of deltas that the search for a parameter's value proposes. */
export function searchRuleId(target: string): string {
  return `${RULE_PREFIX}${target}`;
}

/** Whether a delta, or a trial, belongs to a search. Ids of rules have no colon. */
export function isOfSearch({ ruleId }: { readonly ruleId: string }): boolean {
  return ruleId.startsWith(RULE_PREFIX);
}
