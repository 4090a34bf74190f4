// The page's arithmetic against its originals: enredo-decoding (`golden.json`, which the crate's tests keep) and
// NumPy (`tests/fixtures/panel.json` of the workspace).
import test from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { chain, notebook, rank } from '../sampler.js';

const read = path => JSON.parse(readFileSync(new URL(path, import.meta.url)));
const golden = read('golden.json');
const panel = read('../../../../tests/fixtures/panel.json');
const near = (ours, theirs, epsilon, what) => assert.ok(Math.abs(ours - theirs) <= epsilon, `${what}: ${ours}, not ${theirs}`);

const rows = golden.rows.map(row => Float32Array.from(row, x => x ?? -Infinity));

for (const { row, config, entropy, tokens } of golden.cases) {
  const name = `row ${row}, ${JSON.stringify(config)}`;
  test(`chain: ${name}`, () => {
    const result = chain(rows[row], rank(rows[row]), config, rows[row].length);
    assert.deepEqual(result.rows.map(r => [r.id, r.cut_by]), tokens.map(([id, , , cutBy]) => [id, cutBy]));
    tokens.forEach(([id, raw, final], i) => {
      near(result.rows[i].p_raw, raw, 1e-12, `${id} raw`);
      near(result.rows[i].p_final, final, 1e-12, `${id} final`);
    });
    near(result.entropy_bits, entropy / Math.LN2, 1e-10, 'entropy');
  });
}

panel.forEach(({ logits, strategies }, row) => {
  test(`notebook: row ${row}, ${strategies.length} settings`, () => {
    for (const { temperature, top_k, top_p, probabilities } of strategies) {
      const name = `T ${temperature} K ${top_k} P ${top_p}`;
      const result = notebook(Float32Array.from(logits), temperature, top_k, top_p);
      assert.deepEqual(result.rows.map(r => r.kept), probabilities.map(p => p > 0), name);
      probabilities.forEach((p, i) => near(result.rows[i].p_final, p, 3e-7, `${name}, ${i}`));
    }
  });
});
