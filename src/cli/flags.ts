import { type Command, InvalidArgumentError, Option } from 'commander';
import { messageOf } from '../domain/errors.ts';
import { parseListenAddress, parseSocketAddress } from '../net/address.ts';

/** A flag and the environment variable of the same name. The flag takes precedence. */
export function flag(flags: string, description: string): Option {
  const option = new Option(flags, description);
  const variable = `LEARNING_SIDECAR_${option.name().toUpperCase().replaceAll('-', '_')}`;
  const value = process.env[variable];
  // Commander takes a switch as given if its variable is set, even to "false". An empty variable counts as
  // unset: tools that pass variables on cannot leave one out.
  const isNone = isSwitch(option) ? isOff(value) : value === '';
  if (isNone) delete process.env[variable];
  return option.env(variable);
}

/** Ends a command with a usage error if the variable of a switch means neither yes nor no. */
export function refuseUnclearSwitches(command: Command): void {
  for (const option of command.options) {
    const { envVar } = option;
    if (envVar === undefined || !isSwitch(option)) continue;
    if (command.getOptionValueSource(option.attributeName()) !== 'env') continue;
    const value = process.env[envVar] ?? '';
    if (/^(?:true|1|yes|on)$/i.test(value.trim())) continue;
    command.error(
      `error: ${envVar} is '${value}': expected true, 1, yes or on, or false, 0, no or off`,
    );
  }
}

/** A flag without a value. */
function isSwitch(option: Option): boolean {
  return option.isBoolean() || option.negate;
}

function isOff(value = ''): boolean {
  return /^(?:|false|0|no|off)$/i.test(value.trim());
}

/** The flags by which a command reaches a sidecar. */
export function targetFlags(): Option[] {
  const file = (name: string, description: string) =>
    flag(`${name} <file>`, description).argParser(nonEmpty);
  return [
    flag('--target <address>', 'where the sidecar serves: host:port or unix:/path')
      .default('127.0.0.1:50051')
      .argParser(targetAddress),
    flag('--tls', 'speak TLS, and trust the authorities that browsers trust'),
    file('--tls-ca', 'speak TLS, and trust the authorities in this file (PEM)'),
    file('--tls-certificate', 'the certificate to show (PEM), with --tls-key'),
    file('--tls-key', 'its private key (PEM)'),
    flag('--tls-server-name <name>', "what the sidecar's certificate is for, if not the host"),
    file('--token-file', 'a file whose first token is shown'),
  ];
}

/** The value of `--data-dir` for a ledger in memory. */
export const IN_MEMORY = ':memory:';

/** The directory of a ledger. */
export function dataDirFlag(): Option {
  return flag('--data-dir <dir>', `where the ledger is kept; ${IN_MEMORY} for nowhere`)
    .default('.learning-sidecar')
    .argParser(nonEmpty);
}

/** The address of a sidecar's HTTP server. */
export function adminListenFlag(): Option {
  return flag('--admin-listen <address>', 'where to serve HTTP: /healthz, /readyz, /metrics')
    .default('127.0.0.1:9464')
    .argParser(hostAndPort);
}

/** The config file of a sidecar. */
export function configFlag(): Option {
  return flag('--config <file>', 'YAML or JSON; without it, the built-in defaults').argParser(
    nonEmpty,
  );
}

/** Collects the addresses of a repeated flag, or those separated by commas in the environment variable. */
export function collectAddresses() {
  let given: string[] = [];
  return (text: string): string[] => {
    given = [...given, ...text.split(',').map((one) => listenAddress(one.trim()))];
    return given;
  };
}

/** Refuses addresses that HTTP cannot be served on. */
function hostAndPort(text: string): string {
  const address = listenAddress(text);
  if (parseListenAddress(address).kind === 'tcp') return address;
  throw new InvalidArgumentError('Expected host:port or [ipv6]:port.');
}

function listenAddress(text: string): string {
  const fault = faultOf(text, parseListenAddress);
  if (fault === undefined) return text;
  throw new InvalidArgumentError(fault);
}

/** Refuses port 0, which means any free port and makes sense for servers only. */
function targetAddress(text: string): string {
  if (faultOf(text, parseSocketAddress) === undefined && !/:0+$/.test(text)) return text;
  throw new InvalidArgumentError(
    'Expected host:port (port 1 to 65535), [ipv6]:port or unix:/path.',
  );
}

/** What is wrong with an address, if anything. */
function faultOf(address: string, parse: (text: string) => unknown): string | undefined {
  try {
    parse(address);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/** Refuses an empty path: an unset shell variable must not name the current directory. */
function nonEmpty(text: string): string {
  if (text !== '') return text;
  throw new InvalidArgumentError('Expected a path, got nothing.');
}

/** The mode of a file, in octal as `chmod` takes it. */
export function fileMode(text: string): number {
  if (/^0?[0-7]{3}$/.test(text)) return Number.parseInt(text, 8);
  throw new InvalidArgumentError('Expected an octal mode from 000 to 777, such as 0660.');
}

/** A number above 0. */
export function positiveNumber(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('Expected a number above 0.');
}

/** A whole number above 0. */
export function positiveCount(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('Expected a whole number above 0.');
}

/** Maximum of `--drain-timeout`: an hour, in seconds. */
const MAX_DRAIN_TIMEOUT = 3600;

/** Seconds from 0 to an hour. */
export function drainTimeout(text: string): number {
  const seconds = Number(text);
  if (text.trim() !== '' && seconds >= 0 && seconds <= MAX_DRAIN_TIMEOUT) return seconds;
  throw new InvalidArgumentError(`Expected seconds, from 0 to ${MAX_DRAIN_TIMEOUT}.`);
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
