// The draws' generator: Philox 4×32-10 (Salmon, Moraes, Dror, Shaw, SC 2011), keyed as enredo-decoding keys it, so
// that a draw depends on (seed, position) and on the probabilities alone.

const MULTIPLIERS = [0xd2511f53n, 0xcd9e8d57n];
const WEYL = [0x9e3779b9n, 0xbb67ae85n];
const LOW = 0xffffffffn;

/**
 * One block of 128 random bits for a counter of four words under a key of two.
 * @param {bigint[]} counter
 * @param {bigint[]} key
 * @returns {bigint[]}
 */
export function philox(counter, key) {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const [a, b] = [MULTIPLIERS[0] * c0, MULTIPLIERS[1] * c2];
    [c0, c1, c2, c3] = [(b >> 32n) ^ c1 ^ k0, b & LOW, (a >> 32n) ^ c3 ^ k1, a & LOW];
    [k0, k1] = [(k0 + WEYL[0]) & LOW, (k1 + WEYL[1]) & LOW];
  }
  return [c0, c1, c2, c3];
}

/**
 * A number in [0, 1) with 53 random bits.
 * @param {string | number | bigint} seed an integer; its low 64 bits count
 * @param {number} position how many tokens the context has
 * @returns {number}
 */
export function uniform(seed, position) {
  const words = n => [BigInt.asUintN(32, n), BigInt.asUintN(64, n) >> 32n];
  const [high, low] = philox([...words(BigInt(position)), 0n, 0n], words(BigInt(seed)));
  return Number(((high << 32n) | low) >> 11n) / 2 ** 53;
}
