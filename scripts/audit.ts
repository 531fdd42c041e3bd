import { spawnSync } from 'node:child_process';

/**
 * Asks the registry for known weaknesses of what the running service is made of. Fails where there
 * are some; a registry that does not answer the question is said so, and is no failure.
 */

/** The parts of npm's report that are looked at here; the second is what it prints on an error. */
type Report =
  | { readonly metadata: { readonly vulnerabilities: { readonly total: number } } }
  | { readonly message?: string };

const { stdout } = spawnSync('npm', ['audit', '--omit=dev', '--json'], {
  cwd: new URL('..', import.meta.url),
  encoding: 'utf8',
  maxBuffer: 64 * 1024 * 1024,
});
const report = JSON.parse(stdout) as Report; // What npm documents of it.
if (!('metadata' in report)) {
  console.log(`audit: the registry does not answer: ${report.message ?? 'no reason given'}`);
} else {
  const { total } = report.metadata.vulnerabilities;
  console.log(total === 0 ? 'audit: no known weakness in the production tree' : stdout);
  process.exitCode = total === 0 ? 0 : 1;
}
