import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A file in a directory as Kubernetes mounts a ConfigMap: reached by links, swapped as a whole. */
export class MountedConfig {
  readonly path: string;
  readonly #root: string;
  #version = 0;

  constructor(root: string, text: string) {
    this.#root = root;
    this.path = join(root, 'config.yaml');
    this.swap(text);
    symlinkSync(join('..data', 'config.yaml'), this.path);
  }

  /** @param text `undefined`: the file is gone */
  swap(text: string | undefined): void {
    const former = `..version_${this.#version}`;
    this.#version += 1;
    const name = `..version_${this.#version}`;
    mkdirSync(join(this.#root, name));
    if (text !== undefined) writeFileSync(join(this.#root, name, 'config.yaml'), text);
    symlinkSync(name, join(this.#root, '..data_tmp'));
    renameSync(join(this.#root, '..data_tmp'), join(this.#root, '..data'));
    rmSync(join(this.#root, former), { recursive: true, force: true });
  }
}
