import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createEngineFixture } from '../support/engine/engine-fixture.ts';
import { openSite, type SiteOptions } from '../support/sidecar/admin-site.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';

const CLIENT = 'client-token-0123456789';
const ADMIN = 'admin-token-0123456789';

async function site(options: SiteOptions = {}) {
  const fixture = await createEngineFixture();
  return { ...(await openSite(fixture, options)), clock: fixture.clock };
}

async function guarded() {
  const folder = tempDir();
  const [clientFile, adminFile] = [join(folder, 'client'), join(folder, 'admin')];
  writeFileSync(clientFile, CLIENT, { mode: 0o600 });
  writeFileSync(adminFile, ADMIN, { mode: 0o600 });
  return { ...(await site({ tokens: { clientFile, adminFile } })), adminFile };
}

const PAUSE = { method: 'POST', body: {} } as const;
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

test.for([
  ['localhost:9464', 200],
  ['LOCALHOST', 200],
  ['127.0.0.1:1', 200],
  ['[::1]:9464', 200],
  ['sidecar.example', 200],
  ['evil.example:9464', 403],
  ['10.0.0.1:9464', 403],
  ['localhost.evil.example', 403],
  ['127.0.0.1.nip.io', 403],
] as const)('on loopback, Host %s is answered with %i', async ([host, status]) => {
  const { ask } = await site({ hosts: ['Sidecar.example'] });
  for (const path of ['/', '/assets/main-1.js', '/api/v1/status']) {
    expect((await ask(path, { headers: { host } })).status).toBe(status);
  }
});

test.for([
  ['10.1.2.3:9464', 200],
  ['sidecar', 200],
  ['localhost', 200],
  ['evil.example', 403],
] as const)('on another address, Host %s is answered with %i', async ([host, status]) => {
  const { ask } = await site({ host: 'sidecar' });
  expect((await ask('/api/v1/status', { headers: { host } })).status).toBe(status);
});

test('pages of other origins are refused, and links to the page are not', async () => {
  const { ask, port } = await site();
  const own = `127.0.0.1:${port}`;
  const status = async (path: string, headers: Record<string, string>) =>
    (await ask(path, { headers: { host: own, ...headers } })).status;
  expect(await status('/api/v1/status', { origin: `http://${own}` })).toBe(200);
  for (const origin of [
    'http://evil.example',
    'null',
    'http://127.0.0.1:1',
    `http://${own}.evil`,
  ]) {
    expect(await status('/api/v1/status', { origin })).toBe(403);
    expect(await status('/', { origin })).toBe(403);
  }
  expect(await status('/api/v1/status', { 'sec-fetch-site': 'same-origin' })).toBe(200);
  for (const from of ['cross-site', 'same-site']) {
    expect(await status('/api/v1/status', { 'sec-fetch-site': from })).toBe(403);
    expect(await status('/deltas/x', { 'sec-fetch-site': from })).toBe(200);
  }
});

test('what changes something must say that it is JSON', async () => {
  const { ask } = await site();
  const headers = { 'content-type': 'text/plain' };
  expect((await ask('/api/v1/trials/pause', { method: 'POST', headers })).status).toBe(415);
  expect((await ask('/api/v1/trials/pause', PAUSE)).status).toBe(200);
});

test('without tokens, changes are served on loopback alone', async () => {
  const { ask } = await site({ host: '0.0.0.0' });
  expect((await ask('/api/v1/status')).status).toBe(200);
  const { status, body } = await ask('/api/v1/trials/pause', PAUSE);
  expect(status).toBe(403);
  expect(JSON.parse(body)).toMatchObject({ code: 'NOT_ALLOWED' });
  const session = JSON.parse((await ask('/api/v1/session')).body);
  expect(session).toEqual({ needsToken: false, mayRead: true, mayWrite: false });
});

test('with tokens, anyone gets the page, readers the answers, and operators change things', async () => {
  const { ask } = await guarded();
  const of = async (path: string, headers = {}, options = {}) =>
    (await ask(path, { headers, ...options })).status;
  expect(await of('/')).toBe(200);
  expect(await of('/api/v1/session')).toBe(200);
  expect(await of('/api/v1/status')).toBe(401);
  expect(await of('/api/v1/events')).toBe(401);
  expect(await of('/api/v1/status', bearer('another-token-0123456789'))).toBe(401);
  expect(await of('/api/v1/status', bearer(CLIENT))).toBe(200);
  expect(await of('/api/v1/trials/pause', {}, PAUSE)).toBe(401);
  expect(await of('/api/v1/trials/pause', bearer(CLIENT), PAUSE)).toBe(403);
  expect(await of('/api/v1/trials/pause', bearer(ADMIN), PAUSE)).toBe(200);
});

test('a token is exchanged for a cookie that no script and no other site can use', async () => {
  const { ask, clock } = await guarded();
  const begin = (token: string) => ask('/api/v1/session', { method: 'POST', body: { token } });
  expect((await begin('another-token-0123456789')).status).toBe(401);
  const { headers, body } = await begin(ADMIN);
  expect(JSON.parse(body)).toMatchObject({ role: 'admin', mayWrite: true });
  const [text = ''] = headers['set-cookie'] ?? [];
  expect(text).toMatch(/^learning_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/);
  const cookie = text.split(';', 1)[0] ?? '';
  const status = async (options = {}) =>
    (await ask('/api/v1/status', { headers: { cookie }, ...options })).status;
  expect(await status()).toBe(200);
  expect((await ask('/api/v1/trials/pause', { ...PAUSE, headers: { cookie } })).status).toBe(200);
  // Use renews it, for 8 hours at most.
  for (let minutes = 0; minutes < 8 * 60 - 10; minutes += 10) {
    expect(await status()).toBe(200);
    await clock.advance(10 * 60_000);
  }
  await clock.advance(10 * 60_000);
  expect(await status()).toBe(401);
});

test('a session ends when it is not used, when it is ended, and when its token is withdrawn', async () => {
  const { ask, clock, adminFile, rereadTokens } = await guarded();
  const begin = async () => {
    const { headers } = await ask('/api/v1/session', { method: 'POST', body: { token: ADMIN } });
    return (headers['set-cookie']?.[0] ?? '').split(';', 1)[0] ?? '';
  };
  const status = async (cookie: string) =>
    (await ask('/api/v1/status', { headers: { cookie } })).status;
  const idle = await begin();
  await clock.advance(15 * 60_000);
  expect(await status(idle)).toBe(401);
  const ended = await begin();
  await ask('/api/v1/session', { method: 'DELETE', headers: { cookie: ended } });
  expect(await status(ended)).toBe(401);
  const withdrawn = await begin();
  expect(await status(withdrawn)).toBe(200);
  writeFileSync(adminFile, 'admin-token-9876543210');
  rereadTokens();
  expect(await status(withdrawn)).toBe(401);
});

test('sessions are bounded: the one unused for longest makes room', async () => {
  const { ask } = await guarded();
  const cookies: string[] = [];
  for (let i = 0; i < 65; i += 1) {
    const { headers } = await ask('/api/v1/session', { method: 'POST', body: { token: CLIENT } });
    cookies.push((headers['set-cookie']?.[0] ?? '').split(';', 1)[0] ?? '');
  }
  const status = async (cookie = '') =>
    (await ask('/api/v1/status', { headers: { cookie } })).status;
  expect(await status(cookies[0])).toBe(401);
  expect(await status(cookies[1])).toBe(200);
});

test('the page may run its own scripts only, and no answer of the API is cached', async () => {
  const { ask } = await site();
  const page = await ask('/deltas/any%2Fid');
  expect(page.headers['content-security-policy']).toContain("script-src 'self';");
  expect(page.headers['content-security-policy']).not.toContain('unsafe');
  expect(page.headers['content-security-policy']).toContain("frame-ancestors 'none'");
  expect(page.headers['cache-control']).toBe('no-cache');
  const asset = await ask('/assets/main-1.js');
  expect(asset.headers['cache-control']).toContain('immutable');
  expect(asset.headers['content-type']).toContain('text/javascript');
  expect((await ask('/assets/..%2findex.html')).status).toBe(404);
  const answer = await ask('/api/v1/status');
  expect(answer.headers).toMatchObject({
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
});
