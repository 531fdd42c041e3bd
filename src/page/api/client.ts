import type { Json } from './json.ts';

/** Why the sidecar did not do what was asked, in its words. */
export class ApiError extends Error {
  /** Of HTTP; 0 without an answer. */
  readonly status: number;

  constructor(message: string, options: ErrorOptions & { readonly status: number }) {
    super(message, options);
    this.status = options.status;
  }
}

/** No answer within this time counts as none. */
const TIMEOUT_MS = 30_000;

/** Reads a resource. @param path below `/api/v1/` */
export async function read<T>(path: string): Promise<T> {
  return ask<T>(path, { method: 'GET' });
}

/** Asks for a change. Writes are never sent twice: the reader decides. */
export async function write<T>(path: string, body: Json, method = 'POST'): Promise<T> {
  const headers = { 'content-type': 'application/json' };
  return ask<T>(path, { method, headers, body: JSON.stringify(body) });
}

/** Reads a resource as the text that was sent. */
export async function readText(path: string): Promise<string> {
  return askText(path, { method: 'GET' });
}

async function ask<T>(path: string, init: RequestInit): Promise<T> {
  const text = await askText(path, init);
  try {
    // The answers of /api/v1 are held to docs/openapi.json by tests of the server.
    return JSON.parse(text === '' ? '{}' : text) as T;
  } catch (cause) {
    throw new Error(`The answer to ${path} cannot be read as JSON.`, { cause });
  }
}

async function askText(path: string, init: RequestInit): Promise<string> {
  const response = await send(path, init);
  const text = await response.text();
  if (!response.ok) {
    throw new ApiError(messageOf(response.status, text), { status: response.status });
  }
  return text;
}

async function send(path: string, init: RequestInit): Promise<Response> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  try {
    return await fetch(`/api/v1/${path}`, { ...init, signal, credentials: 'same-origin' });
  } catch (error) {
    throw new ApiError('The sidecar does not answer. Is it running?', { cause: error, status: 0 });
  }
}

function messageOf(status: number, text: string): string {
  try {
    const { message, fields } = JSON.parse(text);
    const lines = Array.isArray(fields) ? fields.map(fieldText) : [];
    if (typeof message === 'string') return [message, ...lines].join(' ');
  } catch {
    // Not JSON: the text itself says why.
  }
  return text.trim() === '' ? `The sidecar answered ${status}.` : text.trim().slice(0, 500);
}

function fieldText(field: { readonly field?: string; readonly description?: string }): string {
  return `${field.field ?? ''}: ${field.description ?? ''}`;
}
