import { defineConfig } from 'rolldown';
import { bundlePage } from './src/page/bundle/bundle.ts';

/**
 * The commands and the page, for the image and the package: a few files in place of seven hundred modules, which took half of
 * the start. The package's client is compiled file by file (tsconfig.build.json): it shares its dependencies with the
 * application that imports it.
 * Not minified: stack traces name functions, and with `--enable-source-maps` the sources.
 */
export default defineConfig({
  input: {
    main: 'src/main.ts',
    'cli/thread': 'src/store/thread/thread.ts',
    'cli/backup-thread': 'src/store/backup-thread.ts',
    'cli/config-thread': 'src/runtime/config-thread.ts',
  },
  platform: 'node',
  // grpc-js wants it for a service that is not served here, and asks for it only then.
  external: ['@grpc/proto-loader'],
  plugins: [
    {
      name: 'page',
      async generateBundle() {
        for (const [name, source] of await bundlePage()) {
          this.emitFile({ type: 'asset', fileName: `page/${name}`, source });
        }
      },
    },
  ],
  output: {
    dir: 'dist',
    // As deep as src/cli, from where package.json is looked for, and beside the threads.
    chunkFileNames: 'cli/[name].js',
    sourcemap: true,
  },
});
