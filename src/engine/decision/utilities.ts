import { messageOf } from '../../domain/errors.ts';
import type { LoopSettings } from '../../domain/settings.ts';
import type { UtilityTask } from '../../domain/utility.ts';

/** Tasks of trials that a utility could not be computed for since the last cycle. */
export interface UtilityFailure {
  readonly expression: string;
  readonly tasks: number;
  /** Why, for the newest one. */
  readonly message: string;
}

/** Counts the tasks that utilities could not be computed for; what is counted is only logged. */
export class UtilityFailures {
  #all = new Map<string, UtilityFailure>();

  note(expression: string, message: string): void {
    const tasks = (this.#all.get(expression)?.tasks ?? 0) + 1;
    this.#all.set(expression, { expression, tasks, message });
  }

  /** Those so far, which are then forgotten. */
  take(): readonly UtilityFailure[] {
    const all = [...this.#all.values()];
    this.#all = new Map();
    return all;
  }
}

/** A function that computes utilities; `undefined` where a task has none, or the config has the expression no more. */
export function utilitiesOf(
  { utilities }: Pick<LoopSettings, 'utilities'>,
  onFailure: UtilityFailures['note'] = () => {},
): (expression: string, task: UtilityTask) => number | undefined {
  return (expression, task) => {
    try {
      return utilities.get(expression)?.(task);
    } catch (error) {
      onFailure(expression, messageOf(error));
      return undefined;
    }
  };
}
