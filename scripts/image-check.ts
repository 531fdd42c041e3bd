import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { loadavg, networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { credentials } from '@grpc/grpc-js';
import { Health } from '../src/gen/grpc/health/v1/health_pb.ts';
import { createClient } from '../src/wire/client.ts';
import { buildImage, type Image } from './image-check/build.ts';
import { bundledPackages } from './image-check/bundled.ts';
import { documentedRun } from './image-check/documented.ts';
import { createVolume, portOf, Service } from './image-check/service.ts';
import { sizesOf } from './image-check/size.ts';

const USAGE = `npm run image:check -- [--keep]

Performs the stages of the Dockerfile into a folder, runs what they make as an engine would, and
fails if something does not hold.`;

/** As promised to whoever runs it beside each of their pods. */
const MAX_TREE_MB = 60;
/** Of an idle machine: on a busy one it says little, so that it is said and fails nothing. */
const MAX_START_MS = 500;
const MAX_IDLE_MB = 125;
const AIM_IDLE_MB = 90;

/** As `--drain-timeout`, with the time that a process takes to end. */
const MAX_STOP_MS = 11_000;

/** Other work on the machine only ever adds: the best says what the image takes. */
const STARTS = 5;

/** Memory that has not changed for so long is that of an idle service. */
const IDLE_FOR_MS = 3000;

const MB = 1_000_000;

let failures = 0;

/** Prints what was found, and keeps count of what does not hold. */
function show(name: string, holds: boolean, found: string): void {
  if (!holds) failures += 1;
  console.log(`${holds ? 'ok    ' : 'FAILED'} ${name}: ${found}`);
}

const { values } = parseArgs({ options: { keep: { type: 'boolean' }, help: { type: 'boolean' } } });
if (values.help) {
  console.log(USAGE);
} else {
  const below = mkdtempSync(join(tmpdir(), 'learning-image-'));
  try {
    const image = buildImage(join(import.meta.dirname, '..'), {
      below,
      tell: (line) => console.log(line),
    });
    console.log('each RUN in a root of its own (unshare, chroot), with this machine as the base\n');
    showImage(image);
    await showStarts(image, below);
    await showService(image, below);
    await showEarlySignal(image, below);
    await showDocumented(image, below);
  } finally {
    if (values.keep) console.log(`kept: ${below}`);
    else rmSync(below, { recursive: true, force: true });
  }
  console.log(`\n${failures === 0 ? 'all holds' : `${failures} of it do not hold`}`);
  process.exitCode = failures === 0 ? 0 : 1;
}

function showImage(image: Image): void {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  const sizes = sizesOf(image);
  const mb = (bytes: number) => (bytes / MB).toFixed(1);
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  const parts = [...sizes].map(([path, size]) => `${path} ${mb(size)}`).join(', ');
  const treeHolds = total <= MAX_TREE_MB * MB;
  show('size without Node', treeHolds, `${mb(total)} MB (at most ${MAX_TREE_MB}): ${parts}`);
  const label = image.labels['org.opencontainers.image.version'];
  show('labels', label === version, `version ${label}, package.json has ${version}`);
  const { all, unnamed } = bundledPackages(image);
  const isNamed = all.length > 0 && unnamed.length === 0;
  const packages = isNamed ? `${all.length} packages` : `not there: ${unnamed}`;
  show('bundled, each with its licence in node_modules', isNamed, packages);
  show('user', !image.user.startsWith('0:'), image.user);
}

async function showStarts(image: Image, below: string): Promise<void> {
  const took: { ms: number; cpuMs: number }[] = [];
  for (let index = 0; index < STARTS; index += 1) {
    const service = await Service.run(image, createVolume(image, below, `start-${index}`));
    try {
      took.push(await service.serving());
      await service.end(image.stopSignal);
    } finally {
      service.kill();
    }
  }
  const best = Math.min(...took.map(({ ms }) => ms));
  const cpu = Math.min(...took.map(({ cpuMs }) => cpuMs));
  const all = took.map(({ ms }) => ms.toFixed(0)).join(', ');
  const load = loadavg()[0]?.toFixed(1);
  const found =
    `${best.toFixed(0)} ms (at most ${MAX_START_MS}), the best of ${all}; ${cpu} ms of the ` +
    `processors; load of this machine ${load}`;
  console.log(`${best <= MAX_START_MS ? 'ok    ' : 'MISSED'} start to SERVING: ${found}`);
}

async function showService(image: Image, below: string): Promise<void> {
  const service = await Service.run(image, createVolume(image, below, 'volume'));
  try {
    await service.serving();
    await showRights(service, image);
    const idle = await idleMb(service);
    const found = `${idle.toFixed(0)} MB (at most ${MAX_IDLE_MB}, aim ${AIM_IDLE_MB})`;
    show('resident memory, idle', idle <= MAX_IDLE_MB, found);
    await showProbes(service, image);
    await showStop(service, image);
  } finally {
    service.kill();
  }
}

async function showRights(service: Service, image: Image): Promise<void> {
  const { Uid, NoNewPrivs, CapBnd } = await service.status();
  const uids = new Set(Uid?.split('\t'));
  const isUser = uids.size === 1 && uids.has(image.user.split(':')[0] ?? '');
  const dropped = NoNewPrivs === '1' && Number.parseInt(CapBnd ?? '', 16) === 0;
  show('runs as', isUser && dropped, `uid ${[...uids]}, no capabilities, no new privileges`);

  const [volume = ''] = image.volumes;
  for (const folder of ['/', image.directory, '/tmp', '/var', '/dev']) {
    const { text } = await service.inside('touch', join(folder, 'touched'));
    show('root is read-only', text.includes('Read-only file system'), text);
  }
  const { code } = await service.inside('touch', join(volume, 'touched'));
  show('volume can be written', code === 0, volume);
}

/** Once it has neither grown nor shrunk for a while. */
async function idleMb(service: Service): Promise<number> {
  const read = async () => (Number.parseInt((await service.status()).VmRSS ?? '', 10) * 1024) / MB;
  let steady = await read();
  let sinceMs = performance.now();
  while (performance.now() - sinceMs < IDLE_FOR_MS) {
    await wait(100);
    const now = await read();
    if (Math.abs(now - steady) < steady * 0.01) continue;
    steady = now;
    sinceMs = performance.now();
  }
  return await read();
}

async function showProbes(service: Service, image: Image): Promise<void> {
  for (const path of ['/healthz', '/readyz', '/metrics']) {
    const response = await fetch(`http://${service.addresses.http}${path}`);
    show('HTTP', response.status === 200, `${path} ${response.status}`);
  }
  const startMs = performance.now();
  const { code, text } = await service.inside(...image.healthcheck);
  const tookMs = (performance.now() - startMs).toFixed(0);
  const command = image.healthcheck.join(' ');
  show('HEALTHCHECK', code === 0, `${command}: ${text}, exit ${code}, ${tookMs} ms`);
  const others = await service.others();
  show('processes left by that', others.length === 0, `${others.length}, dead ones counted`);
}

/** With a stream that would stay open for ever. */
async function showStop(service: Service, image: Image): Promise<void> {
  const health = createClient(Health, service.addresses.grpc, credentials.createInsecure());
  const stream = health.watch({}).on('error', () => {});
  await new Promise((resolve) => stream.once('data', resolve));
  const { code, ms } = await service.end(image.stopSignal);
  health.close();
  const asFirst = `${image.stopSignal} as the first process, with a stream open`;
  show(asFirst, code === 0 && ms <= MAX_STOP_MS, `exit ${code} after ${ms.toFixed(0)} ms`);
  const faults = [
    ...service.errorLines,
    ...service.lines.filter((one) => /"level":[456]0/.test(one)),
  ];
  show(
    'its log',
    faults.length === 0,
    faults[0] ?? `${service.lines.length} lines, none a warning`,
  );
}

/** A pod may be taken away before its service serves: what the kernel drops is sent again. */
async function showEarlySignal(image: Image, below: string): Promise<void> {
  const service = await Service.run(image, createVolume(image, below, 'early'));
  try {
    const { code, ms } = await service.signalUntilExit('SIGTERM');
    const serves = service.lines.some((line) => line.includes('serving on'));
    const found = `exit ${code}, ${ms.toFixed(0)} ms after the start`;
    show('SIGTERM before it serves', code === 143 && !serves, found);
  } finally {
    service.kill();
  }
}

/** As docs/containers.md says; a port that is published leads to an address of the container that is not its loopback. */
async function showDocumented(image: Image, below: string): Promise<void> {
  const { env, ports, volumes, isReadOnly } = documentedRun(
    readFileSync('docs/containers.md', 'utf8'),
  );
  const isKept =
    isReadOnly && volumes.map((one) => one.replace(/^.*:/, '')).join() === image.volumes.join();
  show('docs/containers.md, docker run', isKept, `${volumes}, read-only`);
  const listen = env.LEARNING_SIDECAR_LISTEN ?? '';
  show('its -p', ports.map(portOf).join() === portOf(listen), `${ports}; it listens on ${listen}`);
  const outside = Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4');
  const service = await Service.run(image, createVolume(image, below, 'documented'), env);
  try {
    await service.serving();
    const address = `${outside?.address ?? '127.0.0.1'}:${portOf(service.addresses.grpc)}`;
    const health = createClient(Health, address, credentials.createInsecure());
    const reached = await health.check({}, { deadlineMs: 5000 }).then(
      () => true,
      () => false,
    );
    health.close();
    const from = outside === undefined ? 'this machine has no address but its loopback' : address;
    show('is reached from outside', reached, from);
    await service.end(image.stopSignal);
  } finally {
    service.kill();
  }
}
