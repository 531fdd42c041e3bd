import type { Decision } from '../../ledger/ledger.ts';
import type { LedgerView } from '../../ledger/view.ts';
import { Changes } from './changes.ts';
import type { Environment } from './environment.ts';
import { TrialChanges } from './trial-changes.ts';

/** What one decision works with. */
export interface DecisionContext {
  readonly view: LedgerView;
  readonly environment: Environment;
  readonly changes: Changes;
  readonly trials: TrialChanges;
}

/** A decision of an operator, a client or the loop; `Engine.decide` gives it the environment. */
export type EngineDecision<R> = (environment: Environment) => Decision<R>;

/** A decision with the events that `run` collects. `run` returns the function that computes the result, if any. */
export function decision<R = void>(
  run: (context: DecisionContext) => ((after: LedgerView) => R) | undefined,
): EngineDecision<R> {
  return (environment) => (view) => {
    const changes = new Changes(view, environment);
    const trials = new TrialChanges(changes);
    const result = run({ view, environment, changes, trials });
    return { events: changes.events, result };
  };
}
