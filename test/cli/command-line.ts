import { expect, onTestFinished, vi } from 'vitest';
import { run } from '../../src/cli/command.ts';

/** What a command line came to. */
export interface Ran {
  readonly code: number;
  /** Without the last line's end. */
  readonly out: string;
  readonly err: string;
}

/** Runs a command line in this process, and keeps what it prints. */
export async function runHere(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
  const out: string[] = [];
  const err: string[] = [];
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => out.push(`${text}`) > 0),
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => err.push(`${text}`) > 0),
    vi.spyOn(console, 'log').mockImplementation((text) => void out.push(`${text}\n`)),
    vi.spyOn(console, 'error').mockImplementation((text) => void err.push(`${text}\n`)),
  ];
  try {
    const code = await run(['node', 'learning-sidecar', ...args]);
    return { code, out: out.join('').trimEnd(), err: err.join('').trimEnd() };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

/** A command line that fails: with this exit code, saying this. */
export async function expectFailure(
  args: readonly string[],
  expected: { readonly code: number; readonly says: string | RegExp },
  env?: Readonly<Record<string, string>>,
): Promise<void> {
  const { code, err } = await runHere(args, env);
  expect(err).toMatch(expected.says);
  // No stack: what was foreseen is said in words.
  expect(err).not.toMatch(/^\s+at /m);
  expect(code).toBe(expected.code);
}
