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
/** @param {string} prompt @param {AbortSignal} [signal] @returns {Promise<{ids: number[], pieces: {id: number, start: number, end: number}[]}>} */
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

/** @param {object} request as docs/api.md says @param {AbortSignal} [signal] */
export const beams = (request, signal) => call('beams', request, signal);
export const lens = (request, signal) => call('lens', request, signal);

/** The maps of one layer, each with its weights as (H, T, T) numbers. */
export async function attention(request, signal) {
  const { maps, ...answer } = await call('attention', request, signal);
  return { ...answer, maps: maps.map(map => ({ ...map, weights: floats(map.weights) })) };
}

/** How far logits move: (T, T) numbers, by the position changed, then by the position looked at. */
export async function probe(request, signal) {
  const answer = await call('probe', request, signal);
  return { ...answer, moved: floats(answer.moved) };
}

/** The curves so far, in at most so many points. @param {number} points @param {AbortSignal} [signal] */
export const training = (points, signal) => call(`training?points=${points}`, undefined, signal);

/** A page of the documents. @param {{split?: string, q?: string, offset?: number, limit?: number}} query @param {AbortSignal} [signal] */
export const documents = (query, signal) => call(`documents?${new URLSearchParams(query)}`, undefined, signal);

/**
 * The events of a generation as they come: `start`, a `token` each, `end`. One that breaks off throws what went wrong.
 * @param {object} request as docs/api.md says
 * @param {AbortSignal} [signal]
 */
export async function* generate(request, signal) {
  const response = await send('/api/v1/generate', { ...post(request), signal });
  if (!response.ok) throw await problem(response);
  let last = null;
  for await (const line of lines(response.body)) {
    last = JSON.parse(line);
    if (last.event === 'problem') throw new Problem(last.status, last.detail, last.field);
    yield last;
  }
  if (last?.event !== 'end') throw new Lost('the answer broke off');
}

/** @param {ReadableStream<Uint8Array>} body */
async function* lines(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      const whole = (rest + part.value).split('\n');
      rest = whole.pop();
      yield* whole.filter(line => line !== '');
    }
  } catch (error) {
    throw error.name === 'AbortError' ? error : new Lost(error.message);
  } finally {
    reader.cancel().catch(() => {});
  }
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

/** A seed is a text of digits here, because it may be larger than JavaScript's numbers, and a number there. */
function post(body) {
  if (body === undefined) return {};
  return { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body).replace(/"seed":"(\d+)"/, '"seed":$1') };
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
