import { InvalidArgumentError, Option } from 'commander';
import { parseListenAddress } from '../rpc/listen.ts';

/** A flag and the environment variable of the same name. The flag wins. */
export function flag(flags: string, description: string): Option {
  const option = new Option(flags, description);
  return option.env(`LEARNING_SIDECAR_${option.name().toUpperCase().replaceAll('-', '_')}`);
}

/** Where a client finds its sidecar. */
export function targetFlag(): Option {
  return flag('--target <address>', 'where the sidecar serves: host:port or unix:/path')
    .default('127.0.0.1:50051')
    .argParser((text) => targetAddress(text));
}

/** Where a sidecar keeps its ledger. */
export function dataDirFlag(): Option {
  return flag('--data-dir <dir>', 'where the ledger is kept').default('.learning-sidecar');
}

/** What a sidecar is configured by. */
export function configFlag(): Option {
  return flag('--config <file>', 'YAML or JSON; without it, the built-in defaults');
}

/** Each use adds to the list, as each comma of the environment variable does. */
export function collectAddresses() {
  let given: string[] = [];
  return (text: string): string[] => {
    given = [...given, ...text.split(',').map((one) => listenAddress(one.trim()))];
    return given;
  };
}

/** Refuses what cannot be listened on. */
export function listenAddress(text: string): string {
  const fault = faultOf(() => parseListenAddress(text));
  if (fault !== undefined) throw new InvalidArgumentError(fault);
  return text;
}

/** Refuses what no client can call. */
function targetAddress(text: string): string {
  const isServed = faultOf(() => parseListenAddress(text)) === undefined;
  // Servers may ask for any free port; clients must know which.
  if (isServed && !/:0+$/.test(text)) return text;
  throw new InvalidArgumentError('Expected host:port, [ipv6]:port or unix:/path.');
}

/** A number above 0. */
export function positiveNumber(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('Expected a number above 0.');
}

/** One or more of `choices`, separated by commas. */
export function listOf<T extends string>(choices: readonly T[]) {
  return (text: string): T[] =>
    text.split(',').map((name) => {
      const choice = choices.find((one) => one === name.trim());
      if (choice !== undefined) return choice;
      throw new InvalidArgumentError(`Expected ${choices.join(', ')}, separated by commas.`);
    });
}

function faultOf(check: () => unknown): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
