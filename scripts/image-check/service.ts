import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { credentials } from '@grpc/grpc-js';
import {
  Health,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from '../../src/gen/grpc/health/v1/health_pb.ts';
import { createClient } from '../../src/wire/client.ts';
import type { Image } from './build.ts';
import {
  type ContainerOptions,
  containerCommand,
  firstProcess,
  joinCommand,
  nodeBinary,
} from './container.ts';

/** Longer than anything here takes on a slow machine. */
const TIMEOUT_MS = 60_000;

/** How often a level is looked at. */
const POLL_MS = 5;

/** Addresses of this machine that nobody has, which the image is told by its environment. */
export interface Addresses {
  readonly grpc: string;
  readonly http: string;
}

/** A container of the image: read-only but for a volume, its first process the service. */
export class Service {
  readonly #options: ContainerOptions;
  readonly #child: ChildProcess;
  readonly addresses: Addresses;
  readonly lines: string[] = [];
  readonly errorLines: string[] = [];
  readonly exited: Promise<number | NodeJS.Signals>;

  private constructor(options: ContainerOptions, addresses: Addresses) {
    this.#options = options;
    this.addresses = addresses;
    const [command = '', ...args] = containerCommand(options);
    this.#child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const { stdout, stderr } = this.#child;
    if (stdout) createInterface(stdout).on('line', (line) => this.lines.push(line));
    if (stderr) createInterface(stderr).on('line', (line) => this.errorLines.push(line));
    this.exited = once(this.#child, 'close').then(([code, signal]) => code ?? signal);
  }

  /**
   * @param data a folder of this machine, as the volume
   * @param given variables beside the image's; of an address to listen at, the port is chosen here
   */
  static async run(
    image: Image,
    data: string,
    given: Readonly<Record<string, string>> = {},
  ): Promise<Service> {
    const [volume] = image.volumes;
    if (volume === undefined || image.volumes.length > 1) throw new Error('expected one volume');
    const addresses = { grpc: await freeAddress(), http: await freeAddress() };
    const { LEARNING_SIDECAR_LISTEN: listen = addresses.grpc } = given;
    const env = {
      ...image.env,
      ...given,
      LEARNING_SIDECAR_LISTEN: listen.replace(/\d+$/, portOf(addresses.grpc)),
      LEARNING_SIDECAR_ADMIN_LISTEN: `plain:${addresses.http}`,
    };
    const { root, user, directory, entrypoint, cmd } = image;
    const command = [...entrypoint, ...cmd];
    const volumes = { [volume]: data };
    return new Service(
      { root, user, directory, env, command, volumes, isReadOnly: true },
      addresses,
    );
  }

  /**
   * Resolves when gRPC health says that it serves, with the milliseconds since its program was
   * started: what an engine does before is not the image's. And those of the processors.
   */
  async serving(): Promise<{ readonly ms: number; readonly cpuMs: number }> {
    const pid = await this.pid();
    const startedMs = performance.now();
    await this.#poll(() => this.lines.some((line) => line.includes('serving on')));
    const health = createClient(Health, this.addresses.grpc, credentials.createInsecure());
    const { status } = await health.check({}, { deadlineMs: TIMEOUT_MS });
    const ms = performance.now() - startedMs;
    health.close();
    if (status !== ServingStatus.SERVING) throw new Error(`gRPC health: ${status}`);
    return { ms, cpuMs: cpuMsOf(pid) };
  }

  /** The id that its first process has outside. */
  async pid(): Promise<number> {
    return await this.#poll(() => {
      const pid = firstProcess(this.#child.pid ?? 0);
      // Before it is the service, it is the shell that puts the container together.
      return pid !== undefined && runsNode(pid) ? pid : undefined;
    });
  }

  /** Runs a command in the container as its user; answers what it prints and its exit code. */
  async inside(...command: readonly string[]): Promise<{ code: number | null; text: string }> {
    const [program = '', ...args] = joinCommand(await this.pid(), { ...this.#options, command });
    const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
    return { code: status, text: `${stdout}${stderr}`.trim() };
  }

  /** What its first process says of itself, by the names of /proc. */
  async status(): Promise<Record<string, string>> {
    return statusOf(await this.pid());
  }

  /** The processes in the container beside the first; dead ones that nobody has asked for, too. */
  async others(): Promise<string[]> {
    const first = await this.pid();
    const namespace = (pid: number | string) => {
      try {
        return readlinkSync(`/proc/${pid}/ns/pid`);
      } catch {
        return undefined;
      }
    };
    const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && name !== `${first}`);
    return ids.filter((id) => namespace(id) === namespace(first));
  }

  /** Sends the first process a signal; answers its exit code and how long it took to end. */
  async end(signal: NodeJS.Signals): Promise<{ code: number | NodeJS.Signals; ms: number }> {
    process.kill(await this.pid(), signal);
    const sentMs = performance.now();
    const late = wait(TIMEOUT_MS, undefined, { ref: false }).then(() => {
      throw new Error(`${signal} did not end it within ${TIMEOUT_MS / 1000} s`);
    });
    return { code: await Promise.race([this.exited, late]), ms: performance.now() - sentMs };
  }

  /**
   * Sends a signal again and again until it ends; answers its exit code, and how long after its
   * program was started that was.
   */
  async signalUntilExit(
    signal: NodeJS.Signals,
  ): Promise<{ code: number | NodeJS.Signals; ms: number }> {
    const pid = await this.pid();
    const startedMs = performance.now();
    let endedMs = startedMs;
    const timer = setInterval(() => {
      try {
        process.kill(pid, signal);
        endedMs = performance.now();
      } catch {
        // It has ended, and whoever started it has not been told yet.
      }
    }, POLL_MS);
    try {
      return { code: await this.exited, ms: endedMs - startedMs };
    } finally {
      clearInterval(timer);
    }
  }

  /** Whatever became of it. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** Looks until there is something to see. Rejects if the service ends before. */
  async #poll<T>(look: () => T | undefined | false | Promise<T | undefined | false>): Promise<T> {
    const giveUpMs = performance.now() + TIMEOUT_MS;
    while (performance.now() < giveUpMs && this.#child.exitCode === null) {
      const seen = await look();
      if (seen !== undefined && seen !== false) return seen;
      await wait(POLL_MS);
    }
    throw new Error(['the service is not there:', ...this.lines, ...this.errorLines].join('\n'));
  }
}

/** The port of `host:port`. */
export function portOf(address: string): string {
  return address.slice(address.lastIndexOf(':') + 1);
}

function runsNode(pid: number): boolean {
  const node = statSync(nodeBinary());
  const runs = statSync(`/proc/${pid}/exe`, { throwIfNoEntry: false });
  return runs?.ino === node.ino && runs.dev === node.dev;
}

/** Milliseconds of one tick of /proc, as Linux has them wherever Node runs. */
const TICK_MS = 10;

/** What a process has taken of the processors. */
function cpuMsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // After the name, which may hold anything: the state is the third field, the times 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

function statusOf(pid: number): Record<string, string> {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Object.fromEntries(
    text.split('\n').map((line) => {
      const [name = '', ...rest] = line.split(':');
      return [name, rest.join(':').trim()];
    }),
  );
}

/** A fresh volume: empty, and with the owner that the image's folder has. */
export function createVolume({ root, volumes }: Image, below: string, name: string): string {
  const data = join(below, name);
  mkdirSync(data);
  const { uid, gid } = lstatSync(join(root, volumes[0] ?? ''));
  chownSync(data, uid, gid);
  return data;
}

async function freeAddress(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `127.0.0.1:${address.port}`;
}
