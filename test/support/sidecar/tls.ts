import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ChannelCredentials, credentials } from '@grpc/grpc-js';
import type { Pair } from './certificates.ts';

/** Files that are exchanged all at once, as in a volume of Kubernetes: a link that is swapped. */
export class MountedFiles {
  readonly directory: string;
  #version = 0;

  constructor(directory: string) {
    this.directory = directory;
    mkdirSync(directory, { recursive: true });
  }

  /** The path of a file, whichever version is mounted. */
  path(name: string): string {
    return join(this.directory, 'data', name);
  }

  mount(files: Readonly<Record<string, string>>): void {
    const former = `version-${this.#version}`;
    this.#version += 1;
    const current = `version-${this.#version}`;
    mkdirSync(join(this.directory, current));
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(this.directory, current, name), text, { mode: 0o600 });
    }
    const link = join(this.directory, 'data.new');
    symlinkSync(current, link);
    renameSync(link, join(this.directory, 'data'));
    rmSync(join(this.directory, former), { recursive: true, force: true });
  }
}

/** What a client trusts and shows. */
export function tlsCredentials(ca: string, own?: Pair): ChannelCredentials {
  const bytes = (text: string | undefined) => (text === undefined ? null : Buffer.from(text));
  return credentials.createSsl(bytes(ca), bytes(own?.key), bytes(own?.cert));
}
