import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { bundlePage } from '../../src/page/bundle/bundle.ts';

/** What the page may weigh in all, compressed. */
const MAX_BYTES = 150_000;

test('the page is whole, light, and without inline scripts or styles', async () => {
  const files = await bundlePage();
  const sizes = [...files.values()].map((content) => gzipSync(content).length);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(MAX_BYTES);
  const html = new TextDecoder().decode(files.get('index.html'));
  expect(html).not.toMatch(/<style|style=|<script(?![^>]* src=)|\son\w+=|\{\{/);
  const named = [...html.matchAll(/(?:href|src|content)="\/(assets\/[^"]+)"/g)].map(
    ([, name]) => name,
  );
  expect([...named, 'index.html'].sort()).toEqual([...files.keys()].sort());
  const script = [...files].filter(([name]) => name.endsWith('.js'));
  for (const [, content] of script) {
    expect(new TextDecoder().decode(content)).not.toMatch(/node:|\beval\(|new Function/);
  }
});
