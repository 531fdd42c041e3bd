import { defineConfig } from 'rolldown';

/**
 * What the image runs: a few files in place of seven hundred modules, which took half of its start.
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
  output: {
    dir: 'dist',
    // As deep as src/cli, from where package.json is looked for, and beside the threads.
    chunkFileNames: 'cli/[name].js',
    sourcemap: true,
  },
});
