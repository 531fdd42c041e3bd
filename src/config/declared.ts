import { BUILT_IN_PARAMETERS } from './keys/defaults.ts';
import type { MergedConfig } from './merge.ts';
import type { Structure } from './structure.ts';
import { suggest } from './suggest.ts';

/** The parameters that rules may name. */
export interface DeclaredParameters {
  /** Whether rules may name a parameter. One with a faulty declaration counts: it was meant to be there. */
  has(name: string): boolean;
  /** Whether a parameter has an initial value; parameters that only rules add have none. */
  hasInitial(name: string): boolean;
  /** What to add to a message about a name that is not declared; may be empty. */
  hint(name: string): string;
}

/** The parameters that a config declares, and those that its rules add. */
export function declaredParameters(
  { parameters, rules }: MergedConfig,
  { isFaulty }: Pick<Structure, 'isFaulty'>,
): DeclaredParameters {
  const own = new Set(Object.keys(parameters));
  const names = new Set(own);
  for (const { operation, target } of rules) {
    if (operation === 'add' && target !== undefined) names.add(target);
  }
  return {
    has: (name) => names.has(name) || isFaulty(['parameters', name]),
    hasInitial: (name) => own.has(name) || isFaulty(['parameters', name]),
    hint: (name) =>
      BUILT_IN_PARAMETERS.includes(name)
        ? `; with rules, there are only the parameters that are named: ${name}: {} is the built-in one`
        : suggest(name, names),
  };
}
