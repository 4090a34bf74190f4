// How long a slider's step and a new prompt take: printed and kept, not judged; machines differ.

import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { useBrowser } from './browser.js';
import { settled, slider } from './screen.js';
import { startServer, told } from './server.js';

const TICKS = 200;
const PROMPTS = 50;
const SANE = 1000;
const { open } = useBrowser();
const report = [];
after(() => writeFile(join(told('EXPLORER_OUT'), 'timing.json'), `${JSON.stringify(report, null, 2)}\n`));

const SETTINGS = {
  notebook: '#next?k=9&p=0.9',
  whole: '#next?mode=whole&k=0&p=0.95&min_p=0.01&typical_p=0.9',
};

for (const vocab of [2000, 50_257]) {
  for (const [mode, hash] of Object.entries(SETTINGS)) {
    test(`a slider's step at V = ${vocab}, ${mode}`, async () => {
      const server = await startServer({ vocab });
      try {
        const page = await open(server.url + hash);
        await settled(page);
        const ticks = await steps(page);
        assert.equal(ticks.length, TICKS);
        const [work, frame] = ['work', 'frame'].map(name => summary(ticks.map(tick => tick[name])));
        const line = { vocab, mode, ticks: TICKS, unit: 'ms', work, frame };
        report.push(line);
        console.log(`V = ${vocab}, ${mode}: work p50 ${work.p50} p99 ${work.p99} ms; input to frame p50 ${frame.p50} p99 ${frame.p99} ms`);
        assert.ok(work.p50 < SANE && frame.p50 < SANE);
      } finally {
        await server.stop();
      }
    });
  }
}

for (const vocab of [2000, 50_257]) {
  test(`a new prompt at V = ${vocab}`, async () => {
    const server = await startServer({ vocab });
    try {
      const page = await open(server.url);
      await settled(page);
      const frame = summary(await prompts(page));
      report.push({ vocab, prompts: PROMPTS, unit: 'ms', frame });
      console.log(`V = ${vocab}, a new prompt: to the frame p50 ${frame.p50} most ${frame.most} ms`);
      assert.ok(frame.p50 < SANE);
    } finally {
      await server.stop();
    }
  });
}

/** Writes prompts that no one has asked for yet, and enters each; until the frame that shows its bars. */
async function prompts(page) {
  const text = page.getByRole('textbox', { name: 'Text', exact: true });
  const times = [];
  for (let i = 0; i < PROMPTS; i++) {
    await text.fill(`prompt number ${i}`);
    times.push(await text.evaluate(entered));
  }
  return times;
}

/** From the key to the first task after the frame in which the figure is no longer busy. */
function entered(text) {
  const figure = document.querySelector('figure');
  const start = performance.now();
  return new Promise(done => {
    const shown = () => setTimeout(() => done(performance.now() - start));
    const watcher = new MutationObserver(() => {
      if (figure.hasAttribute('aria-busy')) return;
      watcher.disconnect();
      requestAnimationFrame(shown);
    });
    text.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }));
    watcher.observe(figure, { attributes: true });
  });
}

/** Presses the temperature's arrow keys; each step waits for the frame of the one before. */
async function steps(page) {
  await page.evaluate(listen);
  const temperature = slider(page, 'Temperature');
  await temperature.focus();
  for (let i = 0; i < TICKS; i++) {
    await page.keyboard.press(i % 20 < 10 ? 'ArrowRight' : 'ArrowLeft');
    await page.waitForFunction(n => window.ticks.length === n, i + 1, { polling: 5 });
  }
  return page.evaluate(() => window.ticks);
}

/** From the key's own time to the first task after the frame that shows its tick. */
function listen() {
  window.ticks = [];
  addEventListener('keydown', event => {
    const painted = new MessageChannel();
    painted.port1.onmessage = () => {
      const frame = performance.now() - event.timeStamp;
      const work = performance.getEntriesByName('tick').at(-1).duration;
      window.ticks.push({ work, frame });
    };
    // The page asks for its frame while the key is handled, so that this one, asked for in it, comes with it.
    requestAnimationFrame(() => painted.port2.postMessage(null));
  }, { capture: true });
}

function summary(times) {
  const sorted = times.toSorted((a, b) => a - b);
  const at = share => Number(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))].toFixed(2));
  return { p50: at(0.5), p99: at(0.99), most: at(1) };
}
