import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ChannelCredentials, type ClientOptions, Metadata } from '@grpc/grpc-js';
import { onTestFinished } from 'vitest';
import { LearningAdminService } from '../../../src/gen/learning/v1/admin_service_pb.ts';
import { LearningService } from '../../../src/gen/learning/v1/learning_service_pb.ts';
import { createClient } from '../../../src/wire/client.ts';
import type { Child } from './child.ts';
import { type Sidecar, startSidecar } from './sidecar.ts';

/** Starts a sidecar by a config. Answers it with the path of that config, to be written anew. */
export async function startConfigured(
  directory: string,
  config: object,
  flags: readonly string[] = [],
): Promise<{ sidecar: Sidecar; configFile: string }> {
  const configFile = join(directory, 'config.json');
  writeFileSync(configFile, JSON.stringify(config));
  const sidecar = await startSidecar({ dataDir: ':memory:', config: configFile, flags });
  return { sidecar, configFile };
}

/** Its certificate is for names; `127.0.0.1` would have to be asked for by name. */
export function namedAddress({ address }: Sidecar): string {
  return address.replace('127.0.0.1', 'localhost');
}

/** Both services over one connection of their own, until the test ends or `close`. */
export function callers(address: string, secret: ChannelCredentials, more: ClientOptions = {}) {
  const options = { 'grpc.use_local_subchannel_pool': 1, ...more };
  const client = createClient(LearningService, address, secret, options);
  const admin = createClient(LearningAdminService, address, secret, options);
  const close = () => {
    client.close();
    admin.close();
  };
  onTestFinished(close);
  return { client, admin, close };
}

/** What a call shows for a token. */
export function bearer(token: string): { metadata: Metadata; deadlineMs: number } {
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${token}`);
  return { metadata, deadlineMs: 10_000 };
}

type Fields = Readonly<Record<string, unknown>>;

/** The lines of a sidecar's log with this text in their message. */
export function logged({ lines }: Child, text: string): Fields[] {
  return lines
    .filter((line) => line.startsWith('{'))
    .map((line): Fields => JSON.parse(line))
    .filter(({ msg }) => String(msg).includes(text));
}

/** Resolves when so many lines of the log have this text in their message. */
export async function hasLogged(child: Child, text: string, count = 1): Promise<readonly Fields[]> {
  await child.find(() => (logged(child, text).length >= count ? true : undefined));
  return logged(child, text);
}
