/** Where to listen, or what to connect to. */
export type SocketAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/** Where to listen, and how. */
export type ListenAddress = SocketAddress & {
  /** The prefix of the address, if it has one. */
  readonly security: 'tls' | 'plain' | undefined;
};

// The smallest `sun_path` of any system is 104 bytes, with its final zero.
const MAX_SOCKET_PATH_BYTES = 103;

/**
 * Reads `host:port`, `[ipv6]:port` or `unix:/path`, with `tls:` or `plain:` before it where wanted.
 * Throws an `Error` that says what is wrong.
 */
export function parseListenAddress(text: string): ListenAddress {
  const security = /^(?<word>tls|plain):/.exec(text)?.groups?.word;
  if (security !== 'tls' && security !== 'plain') {
    return { ...parseSocketAddress(text), security: undefined };
  }
  return { ...parseSocketAddress(text.slice(security.length + 1)), security };
}

/** Reads `host:port`, `[ipv6]:port` or `unix:/path`. Throws an `Error` that says what is wrong. */
export function parseSocketAddress(text: string, purpose = 'listen on'): SocketAddress {
  if (text.startsWith('unix:')) return parseUnix(text, purpose);
  const match = /^(?:\[(?<ipv6>[^\]]+)\]|(?<name>[^:[\]/]+)):(?<port>\d{1,5})$/.exec(text);
  const { ipv6, name, port } = match?.groups ?? {};
  const host = ipv6 ?? name;
  if (host === undefined || Number(port) > 65_535) {
    throw new Error(
      `cannot ${purpose} "${text}": expected host:port (port 0 to 65535), [ipv6]:port or unix:/path`,
    );
  }
  return { kind: 'tcp', host, port: Number(port) };
}

/** The text that `parseSocketAddress` reads as this address. */
export function formatAddress(address: SocketAddress): string {
  if (address.kind === 'unix') return `unix:${address.path}`;
  const { host, port } = address;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function parseUnix(text: string, purpose: string): SocketAddress {
  // `unix:///path`, gRPC's form with an empty authority, means the same.
  const path = text.slice(text.startsWith('unix:///') ? 'unix://'.length : 'unix:'.length);
  if (path === '' || path.startsWith('//')) {
    throw new Error(`cannot ${purpose} "${text}": expected unix:/path`);
  }
  const bytes = Buffer.byteLength(path);
  if (bytes > MAX_SOCKET_PATH_BYTES) {
    const expected = `expected a path of at most ${MAX_SOCKET_PATH_BYTES} bytes, got ${bytes}`;
    throw new Error(`cannot ${purpose} "${text}": ${expected}`);
  }
  return { kind: 'unix', path };
}
