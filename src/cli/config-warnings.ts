import { formatFault } from '../config/fault.ts';
import type { LoadedConfig } from '../config/load.ts';
import { whyNeverPasses } from '../cycle/reach.ts';

/** Says on standard error what is odd about a config: keys not known, rules that can never pass. */
export function printWarnings({ config, warnings }: LoadedConfig): void {
  for (const warning of warnings) console.error(`warning: ${formatFault(warning)}`);
  for (const rule of config.rules) {
    const never = whyNeverPasses(rule, config);
    if (never !== undefined) console.error(`warning: rule ${rule.id}: it can never pass: ${never}`);
  }
}
