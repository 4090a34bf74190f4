import test from 'node:test';
import assert from 'node:assert/strict';

import { philox, uniform } from '../seed.js';

test('Philox gives its authors’ known answers', () => {
  const hex = words => words.map(w => w.toString(16).padStart(8, '0')).join(' ');
  const ones = n => Array(n).fill(0xffffffffn);
  assert.equal(hex(philox([0n, 0n, 0n, 0n], [0n, 0n])), '6627e8d5 e169c58d bc57ac4c 9b00dbd8');
  assert.equal(hex(philox(ones(4), ones(2))), '408f276d 41c83b0e a20bc7c6 6d5451fd');
  const pi = [0x243f6a88n, 0x85a308d3n, 0x13198a2en, 0x03707344n];
  assert.equal(hex(philox(pi, [0xa4093822n, 0x299f31d0n])), 'd16cfe09 94fdcceb 5001e420 24126ea1');
});

test('a number depends on seed and position alone, and is even', () => {
  assert.equal(uniform('42', 7), uniform(42n, 7));
  assert.notEqual(uniform(42, 7), uniform(42, 8));
  assert.notEqual(uniform(42, 7), uniform(43, 7));
  assert.equal(uniform(0, 0), Number(0x6627e8d5e169c58dn >> 11n) / 2 ** 53);
  const mean = Array.from({ length: 2000 }, (_, i) => uniform(9, i)).reduce((a, b) => a + b) / 2000;
  assert.ok(Math.abs(mean - 0.5) < 0.03, `mean ${mean}`);
});
