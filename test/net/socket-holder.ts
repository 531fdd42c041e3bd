import { createServer } from 'node:net';

// Listens on a unix socket until it is killed.
createServer().listen(process.argv[2], () => process.send?.('listening'));
