import { loadConfig } from '../config/load.ts';
import { printConfig } from '../config/print.ts';
import { printWarnings } from './config-warnings.ts';

/** Says that a config is valid, with what is odd about it. Throws a `ConfigError` where it is not. */
export function checkConfig(file: string | undefined): void {
  printWarnings(loadConfig(file));
  console.log(`${file ?? 'built-in defaults'}: valid`);
}

/** Prints a config as it is in force, as YAML. Throws a `ConfigError` where there is none. */
export function showConfig(file: string | undefined): void {
  process.stdout.write(printConfig(loadConfig(file).config));
}
