import { formatFault } from '../config/fault.ts';
import { type LoadedConfig, loadConfig } from '../config/load.ts';
import { printConfig } from '../config/print.ts';
import { whyNeverPasses } from '../cycle/shortfall.ts';
import { printError } from './output.ts';

/** Checks a config, and prints its warnings. Throws a `ConfigError` if it is invalid. */
export function checkConfig(file: string | undefined): void {
  printWarnings(loadConfig(file));
  console.log(`${file ?? 'built-in defaults'}: valid`);
}

/** Prints the effective config as YAML. Throws a `ConfigError` if it is invalid. */
export function showConfig(file: string | undefined): void {
  process.stdout.write(printConfig(loadConfig(file).config));
}

/** Prints the warnings of a config on standard error: unknown keys, and rules that can never pass. */
export function printWarnings({ config, warnings }: LoadedConfig): void {
  for (const warning of warnings) printError(`warning: ${formatFault(warning)}`);
  for (const rule of config.rules) {
    const never = whyNeverPasses(rule, config);
    if (never !== undefined) printError(`warning: rule ${rule.id}: it can never pass: ${never}`);
  }
}
