import type { IncomingMessage } from 'node:http';
import { messageOf } from '../../domain/errors.ts';
import { caused, HttpError } from './answers.ts';

/** Maximum bytes of a body: the largest value of a parameter takes 4 KB. */
const MAX_BODY_BYTES = 64 * 1024;

/** The JSON in the body of a request. Throws an `HttpError` if there is none, or it is too large. */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const [type = ''] = (request.headers['content-type'] ?? '').split(';', 1);
  if (type.trim().toLowerCase() !== 'application/json') {
    throw new HttpError(415, 'MALFORMED', 'expected content-type application/json');
  }
  const text = await readText(request);
  try {
    return text.trim() === '' ? {} : JSON.parse(text);
  } catch (error) {
    throw caused(400, 'MALFORMED', `the body is no JSON: ${messageOf(error)}`, error);
  }
}

async function readText(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request) {
    // A stream without an encoding gives bytes.
    parts.push(part as Buffer);
    bytes += parts.at(-1)?.length ?? 0;
    if (bytes <= MAX_BODY_BYTES) continue;
    const text = `expected a body of at most ${MAX_BODY_BYTES} bytes`;
    throw new HttpError(413, 'MALFORMED', text, { headers: { connection: 'close' } });
  }
  return Buffer.concat(parts).toString();
}
