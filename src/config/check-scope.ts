import type { DeclaredParameters } from './declared.ts';
import { type CrossFault, show } from './fault.ts';
import type { MergedConfig } from './merge.ts';
import type { Structure } from './structure.ts';

/** Checks the scope of trials: which parameters they leave alone, and how many tasks they may touch. */
export function checkScope(
  config: MergedConfig,
  structure: Structure,
  declared: DeclaredParameters,
): CrossFault[] {
  return [...checkInterfering(config, structure, declared), ...checkBudgets(config, structure)];
}

function checkInterfering(
  { parameters }: MergedConfig,
  { isFaulty }: Structure,
  declared: DeclaredParameters,
): CrossFault[] {
  return Object.entries(parameters).flatMap(([name, { interferes_with: others = [] }]) =>
    others.flatMap((other, index) => {
      const path = ['parameters', name, 'interferes_with', index];
      if (isFaulty(path) || (other !== name && declared.has(other))) return [];
      const expected =
        other === name ? 'expected another parameter' : 'expected a declared parameter';
      const hint = other === name ? '' : declared.hint(other);
      return [{ path, message: `${expected}, found ${show(other)}${hint}` }];
    }),
  );
}

/** A value that is applied untried runs for all tasks. */
function checkBudgets(
  { rules, parameters, curation }: MergedConfig,
  { isFaulty }: Structure,
): CrossFault[] {
  return rules.flatMap(({ mode = curation.mode, budget, target = '' }, index) => {
    const own = Object.hasOwn(parameters, target) ? parameters[target]?.budget : undefined;
    const path =
      budget === undefined ? ['parameters', target, 'budget'] : ['rules', index, 'budget'];
    const bound = budget ?? own ?? 1;
    if (mode !== 'apply' || bound >= 1 || isFaulty(path)) return [];
    const message = `expected a rule that tries its values (mode trial or auto), found ${show(bound)} beside mode apply of rules[${index}]`;
    return [{ path, message }];
  });
}
