// The server's answers, and what it says when it refuses.

/** A refusal: an `application/problem+json` answer. */
export class Problem extends Error {
  /** @param {number} status @param {string} detail @param {string} [field] */
  constructor(status, detail, field) {
    super(detail);
    Object.assign(this, { status, field });
  }
}

/** The server did not answer at all. */
export class Lost extends Error {}

/** @param {AbortSignal} [signal] */
export const meta = signal => call('meta', undefined, signal);
export const vocab = signal => call('vocab', undefined, signal);
/** @param {string} prompt @param {AbortSignal} [signal] @returns {Promise<{ids: number[]}>} */
export const tokenize = (prompt, signal) => call('tokenize', { prompt }, signal);

/**
 * The logits of the token that follows.
 * @param {{prompt?: string, ids?: number[], step?: number}} request
 * @param {AbortSignal} [signal]
 * @returns {Promise<{step: number, ids: number[], cut: number, row: Float32Array}>}
 */
export async function logits(request, signal) {
  const { step, ids, cut, logits } = await call('logits', request, signal);
  return { step, ids, cut, row: floats(logits) };
}

/** Little-endian f32 in base64, as every browser's own floats lie. @param {string} base64 @returns {Float32Array} */
export function floats(base64) {
  const binary = atob(base64);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return new Float32Array(bytes.buffer);
}

async function call(path, body, signal) {
  const response = await send(`/api/v1/${path}`, { ...post(body), signal });
  if (!response.ok) throw await problem(response);
  return response.json();
}

function post(body) {
  if (body === undefined) return {};
  return { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
}

async function send(url, options) {
  try {
    return await fetch(url, options);
  } catch (error) {
    throw error.name === 'AbortError' ? error : new Lost(error.message);
  }
}

async function problem(response) {
  const told = await response.json().catch(() => ({}));
  return new Problem(response.status, told.detail ?? told.title ?? `HTTP ${response.status}`, told.field);
}
