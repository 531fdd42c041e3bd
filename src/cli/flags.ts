import { InvalidArgumentError, Option } from 'commander';
import { parseListenAddress } from '../rpc/listen.ts';

/** A flag and the environment variable of the same name. The flag wins. */
export function flag(flags: string, description: string): Option {
  const option = new Option(flags, description);
  const variable = `LEARNING_SIDECAR_${option.name().toUpperCase().replaceAll('-', '_')}`;
  // An empty one counts as none: where variables are passed on, one cannot be left out.
  if (process.env[variable] === '') delete process.env[variable];
  return option.env(variable);
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

/** Refuses what cannot be listened on with HTTP. */
export function hostAndPort(text: string): string {
  if (!text.startsWith('unix:')) return listenAddress(text);
  throw new InvalidArgumentError('Expected host:port or [ipv6]:port.');
}

function listenAddress(text: string): string {
  if (isAddress(text)) return text;
  throw new InvalidArgumentError(
    'Expected host:port (port 0 to 65535), [ipv6]:port or unix:/path.',
  );
}

/** Servers may ask for any free port; clients must know which. */
function targetAddress(text: string): string {
  if (isAddress(text) && !/:0+$/.test(text)) return text;
  throw new InvalidArgumentError(
    'Expected host:port (port 1 to 65535), [ipv6]:port or unix:/path.',
  );
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

function isAddress(text: string): boolean {
  try {
    parseListenAddress(text);
    return true;
  } catch {
    return false;
  }
}
