import { InvalidArgumentError, Option } from 'commander';
import { messageOf } from '../domain/errors.ts';
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
  return flag('--data-dir <dir>', 'where the ledger is kept; :memory: for nowhere')
    .default('.learning-sidecar')
    .argParser((text) => nonEmpty(text));
}

/** What a sidecar is configured by. */
export function configFlag(): Option {
  return flag('--config <file>', 'YAML or JSON; without it, the built-in defaults').argParser(
    (text) => nonEmpty(text),
  );
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
  const fault = faultOf(text);
  if (fault === undefined) return text;
  throw new InvalidArgumentError(fault);
}

/** Servers may ask for any free port; clients must know which. */
function targetAddress(text: string): string {
  if (faultOf(text) === undefined && !/:0+$/.test(text)) return text;
  throw new InvalidArgumentError(
    'Expected host:port (port 1 to 65535), [ipv6]:port or unix:/path.',
  );
}

/** An unset variable of a shell must not pass for the current directory. */
function nonEmpty(text: string): string {
  if (text !== '') return text;
  throw new InvalidArgumentError('Expected a path, got nothing.');
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

/** What is wrong with an address, if anything. */
function faultOf(address: string): string | undefined {
  try {
    parseListenAddress(address);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
