import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, posix } from 'node:path';
import { canIsolate, containerCommand, layBase } from './container.ts';
import { buildContext, copyInto, type Source, stageSource } from './context.ts';
import { readDockerfile, type Stage, type Step } from './dockerfile.ts';

/** What a stage comes to: a folder, and how its service is run. */
export interface Image {
  readonly root: string;
  readonly user: string;
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly volumes: readonly string[];
  readonly healthcheck: readonly string[];
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly stopSignal: NodeJS.Signals;
}

type Building = { -readonly [K in keyof Image]: Image[K] };

/** What a builder hands on of its own environment: how registries are reached. */
const PASSED_ENV =
  /^(?:npm_config_(?:registry|proxy|https_proxy|noproxy|cafile)|https?_proxy|no_proxy)$/i;

/**
 * Performs the stages of a checkout's Dockerfile below a folder, and answers the last one.
 *
 * @param tell hears of each step
 */
export function buildImage(
  checkout: string,
  { below, tell = () => {} }: { below: string; tell?: (line: string) => void },
): Image {
  if (!canIsolate()) {
    throw new Error('needs Linux, and root or user namespaces with ids of their own (subuid)');
  }
  const stages = readDockerfile(readFileSync(join(checkout, 'Dockerfile'), 'utf8'));
  const context = buildContext(checkout);
  const built = new Map<string, Image>();
  let last: Image | undefined;
  for (const [index, stage] of stages.entries()) {
    tell(`FROM ${stage.image}: the Node of this checkout, ${process.version}`);
    const sourceOf = (name: string | undefined): Source => {
      if (name === undefined) return context;
      const image = built.get(name);
      if (image === undefined) throw new Error(`there is no stage ${name} before`);
      return stageSource(image.root);
    };
    last = buildStage(stage, { root: join(below, `stage-${index}`), sourceOf, tell });
    built.set(stage.name ?? String(index), last);
  }
  if (last === undefined) throw new Error('the Dockerfile has no FROM');
  return last;
}

interface Surroundings {
  readonly root: string;
  readonly sourceOf: (stage: string | undefined) => Source;
  readonly tell: (line: string) => void;
}

function buildStage({ image, steps }: Stage, { root, sourceOf, tell }: Surroundings): Image {
  checkBase(image);
  mkdirSync(root);
  layBase(root);
  const building: Building = {
    ...{ root, user: '0:0', directory: '/', env: {}, labels: {}, volumes: [] },
    ...{ healthcheck: [], entrypoint: ['node'], cmd: [], stopSignal: 'SIGTERM' },
  };
  for (const { text, step } of steps) {
    tell(text);
    if (step.does === 'copy') {
      const target = absolute(building, step.target);
      copyInto(root, { source: sourceOf(step.from), paths: step.sources, target });
    } else if (step.does === 'run') {
      perform(building, step.command);
    } else {
      applyInstruction(building, step);
    }
  }
  return building;
}

/** The Node that stands in for an official image must be the one that it has. */
function checkBase(image: string): void {
  const version = /^node:(?<version>[\d.]+)(?:-[a-z]+)?-slim$/.exec(image)?.groups?.version;
  if (version === undefined || !`${process.versions.node}.`.startsWith(`${version}.`)) {
    throw new Error(`FROM ${image}: expected node:VERSION-slim that fits ${process.version}`);
  }
}

function applyInstruction(building: Building, step: Exclude<Step, { does: 'copy' | 'run' }>): void {
  switch (step.does) {
    case 'workdir':
      building.directory = absolute(building, step.path);
      mkdirSync(join(building.root, building.directory), { recursive: true });
      return;
    case 'env':
      building.env = { ...building.env, ...step.pairs };
      return;
    case 'label':
      building.labels = { ...building.labels, ...step.pairs };
      return;
    case 'user':
      if (!/^\d+:\d+$/.test(step.user)) throw new Error(`USER ${step.user}: expected numbers`);
      building.user = step.user;
      return;
    case 'volume':
      building.volumes = [...building.volumes, ...step.names];
      return;
    case 'expose':
      // Said for people.
      return;
    case 'healthcheck':
      building.healthcheck = step.command;
      return;
    case 'entrypoint':
      // What was the command of the base is not that of this.
      Object.assign(building, { entrypoint: step.command, cmd: [] });
      return;
    case 'cmd':
      building.cmd = step.command;
      return;
    case 'stopsignal':
      if (!/^SIG[A-Z]+$/.test(step.signal)) throw new Error(`STOPSIGNAL: expected a name`);
      // The system says so where it is none.
      building.stopSignal = step.signal as NodeJS.Signals;
  }
}

function perform(building: Building, shell: string): void {
  const { root, user, directory, env } = building;
  const passed = Object.entries(process.env).filter(([name]) => PASSED_ENV.test(name));
  const [command = '', ...args] = containerCommand({
    ...{ root, user, directory, isReadOnly: false, hasTmp: true, volumes: npmCache() },
    env: {
      HOME: '/tmp',
      ...certificates(),
      ...Object.fromEntries(passed.map(([name, value = '']) => [name, value])),
      npm_config_update_notifier: 'false',
      ...env,
    },
    command: ['sh', '-c', shell],
  });
  const ran = spawnSync(command, args, { encoding: 'utf8' });
  if (ran.status !== 0) throw new Error(`RUN ${shell}: ${ran.stdout}${ran.stderr}`);
}

/** Where authorities are that npm is to trust, if they are not Node's own. */
function certificates(): Record<string, string> {
  const { NODE_EXTRA_CA_CERTS: file } = process.env;
  return file === undefined || !existsSync(file) ? {} : { NODE_EXTRA_CA_CERTS: file };
}

/** What npm has downloaded before need not be downloaded again. */
function npmCache(): Record<string, string> {
  const { npm_config_cache: cache = join(homedir(), '.npm') } = process.env;
  return existsSync(cache) ? { '/tmp/.npm': cache } : {};
}

function absolute({ directory }: Building, path: string): string {
  const joined = posix.resolve(directory, path);
  return path.endsWith('/') && joined !== '/' ? `${joined}/` : joined;
}
