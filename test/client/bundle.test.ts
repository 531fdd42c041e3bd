import { relative } from 'node:path';
import { type OutputChunk, rolldown } from 'rolldown';
import { expect, test } from 'vitest';

/** What `learning-sidecar/client` exports, bundled and minified. */
async function bundleClient(...external: (string | RegExp)[]): Promise<OutputChunk> {
  const bundle = await rolldown({ input: 'src/client/public.ts', platform: 'node', external });
  const { output } = await bundle.generate({ minify: true });
  expect(output).toHaveLength(1);
  return output[0];
}

/** The files of other rooms that the client shares with the server. */
const SHARED = [
  'access/access-error.ts',
  'access/read-file.ts',
  'access/token-file.ts',
  'net/address.ts',
  'wire/client.ts',
  'wire/encode.ts',
  'wire/error-details.ts',
];

test('the bundled client holds no server and no protovalidate', async () => {
  const own = await bundleClient(/^(?:@grpc|@bufbuild)\//);
  // grpc-js imports it only for a service that is not used here.
  const whole = await bundleClient('@grpc/proto-loader');
  const sources = own.moduleIds.map((id) => relative('src', id));
  const others = sources.filter((path) => !/^(?:client|domain|gen)\//.test(path));
  expect(others.filter((path) => path.endsWith('.ts')).sort()).toEqual(SHARED);
  expect(whole.moduleIds.filter((id) => id.includes('protovalidate'))).toEqual([]);
  const [kilobytes, withLibraries] = [own, whole].map(({ code }) =>
    (Buffer.byteLength(code) / 1000).toFixed(0),
  );
  console.log(`client: ${kilobytes} kB, ${withLibraries} kB with grpc-js and protobuf-es`);
});
