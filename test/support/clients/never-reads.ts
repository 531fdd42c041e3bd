import { connect } from 'node:http2';

// A client that asks and never reads: its window is as small as HTTP/2 allows, so that not even the
// first answer gets through, and it answers pings, so that no keepalive finds it out.

const [address = '', method = 'GetStatus', calls = '8'] = process.argv.slice(2);

const session = connect(`http://${address}`, { settings: { initialWindowSize: 0 } });
session.on('error', () => {});
session.once('remoteSettings', () => {
  for (let i = 0; i < Number(calls); i += 1) {
    const stream = session.request({
      ':method': 'POST',
      ':path': `/learning.v1.LearningService/${method}`,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.on('error', () => {});
    stream.end(Buffer.alloc(5));
  }
  console.log('frozen');
});
