/** How docs/containers.md runs the image: the one `docker run` in its block marked `sh docker`. */
export interface DocumentedRun {
  readonly env: Readonly<Record<string, string>>;
  /** `[ADDRESS:]PORT:PORT`s, the container's port last. */
  readonly ports: readonly string[];
  /** `NAME:PATH`s. */
  readonly volumes: readonly string[];
  readonly isReadOnly: boolean;
}

/** Throws for flags that are not known here, so that what is checked is what is documented. */
export function documentedRun(page: string): DocumentedRun {
  const block = /^```sh docker\n(?<text>.*?)^```$/ms.exec(page)?.groups?.text ?? '';
  const lines = block.replaceAll('\\\n', ' ').split('\n');
  const line = lines.find((one) => one.startsWith('docker run '));
  if (line === undefined)
    throw new Error('docs/containers.md has no block `sh docker` with a docker run');
  const words = line.trim().split(/\s+/).slice(2, -1);
  const env: Record<string, string> = {};
  const ports: string[] = [];
  const volumes: string[] = [];
  let isReadOnly = false;
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === '--read-only') {
      isReadOnly = true;
      continue;
    }
    const value = words.shift() ?? '';
    if (word === '-e') env[value.replace(/=.*/, '')] = value.replace(/^[^=]*=/, '');
    else if (word === '-p') ports.push(value);
    else if (word === '-v') volumes.push(value);
    else throw new Error(`docker run ${word}: not known here`);
  }
  return { env, ports, volumes, isReadOnly };
}
