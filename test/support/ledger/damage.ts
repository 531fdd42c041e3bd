import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import type { SeededRandom } from '../engine/seed.ts';

const PAGE_BYTES = 4096;

/** What damage does to a page. */
const FLIPS = ['bit', 'bytes', 'zeros', 'noise'] as const;

/** Cuts a file off at a random place; answers in words what was done. */
export function truncateAtRandom(file: string, random: SeededRandom): string {
  const size = statSync(file).size;
  const place = random.between(0, size - 1);
  truncateSync(file, place);
  return `cut off at ${place} of ${size}`;
}

/** Damages one random page of a file. */
export function flipPage(file: string, random: SeededRandom): string {
  const bytes = readFileSync(file);
  const pages = Math.ceil(bytes.length / PAGE_BYTES);
  const page = random.between(1, pages);
  return damagePage(file, page, random);
}

/** Damages a page, counted from 1. */
export function damagePage(file: string, page: number, random: SeededRandom): string {
  const bytes = readFileSync(file);
  const from = (page - 1) * PAGE_BYTES;
  const image = bytes.subarray(from, from + PAGE_BYTES);
  const how = FLIPS[random.between(0, FLIPS.length - 1)] ?? 'bit';
  const place = random.between(0, image.length - 1);
  if (how === 'bit') image[place] = (image[place] ?? 0) ^ (1 << random.between(0, 7));
  if (how === 'bytes')
    image.subarray(place, place + 16).forEach((byte, i) => {
      image[place + i] = byte ^ random.between(1, 255);
    });
  if (how === 'zeros') image.fill(0);
  if (how === 'noise')
    image.forEach((_, i) => {
      image[i] = random.between(0, 255);
    });
  writeFileSync(file, bytes);
  return `${how} of page ${page} of ${Math.ceil(bytes.length / PAGE_BYTES)}, at ${place}`;
}
