// The toy server, one for each file of tests.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { once } from 'node:events';

/** What `cargo xtask test-browser` says: where its browser, its server and its folder are. @param {string} name */
export function told(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; run these tests by: cargo xtask test-browser`);
  return value;
}

/**
 * Starts one and waits until it listens.
 * @param {{vocab?: number, port?: number, flags?: string[]}} [options] port 0: any free one; flags: the toy's own, such as `--live`
 * @returns {Promise<{url: string, port: number, ask: (name: string, body?: object) => Promise<any>, stop: () => Promise<void>}>}
 */
export async function startServer({ vocab = 2000, port = 0, flags = [] } = {}) {
  const child = spawn(told('EXPLORER_TOY'), ['--vocab', String(vocab), '--port', String(port), ...flags], { stdio: ['ignore', 'pipe', 'inherit'] });
  const end = () => child.kill('SIGKILL');
  process.once('exit', end);
  const [url] = await Promise.race([once(createInterface(child.stdout), 'line'), once(child, 'exit').then(failed)]);
  const stop = async () => {
    process.removeListener('exit', end);
    end();
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  };
  return { url, port: Number(new URL(url).port), ask: (name, body) => ask(url, name, body), stop };
}

function failed([code]) {
  throw new Error(`the toy server ended with ${code}`);
}

async function ask(url, name, body) {
  const post = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
  const response = await fetch(`${url}api/v1/${name}`, body && post);
  const answer = await response.json();
  if (!response.ok) throw new Error(`${name}: ${answer.detail}`);
  return answer;
}

/** The logits of an answer. @param {{logits: string}} answer */
export function floats({ logits }) {
  const bytes = Buffer.from(logits, 'base64');
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i));
}
