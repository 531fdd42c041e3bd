import { formatFault } from '../config/fault.ts';
import type { LoadedConfig } from '../config/load.ts';
import { whyNeverPasses } from '../cycle/shortfall.ts';
import { printError } from './output.ts';

/** Says on standard error what is odd about a config: keys not known, rules that can never pass. */
export function printWarnings({ config, warnings }: LoadedConfig): void {
  for (const warning of warnings) printError(`warning: ${formatFault(warning)}`);
  for (const rule of config.rules) {
    const never = whyNeverPasses(rule, config);
    if (never !== undefined) printError(`warning: rule ${rule.id}: it can never pass: ${never}`);
  }
}
