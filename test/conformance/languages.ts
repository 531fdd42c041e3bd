import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** How the agent of a language is started, in `examples/<name>`. */
export interface Language {
  readonly name: string;
  /** The command, from that directory. */
  readonly command: readonly string[];
  /** What is there once it is built. */
  readonly built: string;
}

const LANGUAGES: readonly Language[] = [
  { name: 'typescript', command: [process.execPath, 'conformance.ts'], built: 'gen' },
  { name: 'python', command: ['.venv/bin/python', 'conformance.py'], built: '.venv/bin/python' },
  { name: 'go', command: ['bin/conformance'], built: 'bin/conformance' },
  {
    name: 'java',
    // Short-lived: optimising it would take longer than what it saves.
    command: [
      ...['java', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'],
      ...['-cp', 'target/orchestrator.jar', 'example.Conformance'],
    ],
    built: 'target/orchestrator.jar',
  },
];

/** All, or those that the environment names. */
export function chosenLanguages(wanted = process.env.CONFORMANCE_LANGUAGES ?? ''): Language[] {
  const names = wanted.split(',').filter((name) => name !== '');
  for (const name of names) {
    if (!LANGUAGES.some((one) => one.name === name)) throw new Error(`no such language: ${name}`);
  }
  return LANGUAGES.filter(({ name }) => names.length === 0 || names.includes(name));
}

export function directoryOf({ name }: Language): string {
  return fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));
}

/** What is to be done before the agent can be started; `undefined`: nothing. */
export function missingBuild(language: Language): string | undefined {
  if (existsSync(`${directoryOf(language)}/${language.built}`)) return undefined;
  return `${language.name} is not built: run examples/${language.name}/setup.sh`;
}
