// Kinds of fields that the page's state can have: where each starts, and how it is read out of an address. What cannot
// be read is as at the start.

/** @typedef {{start: unknown, read: (text: string | null, asked: URLSearchParams) => unknown}} Field */

/** Any text, or none. @returns {Field} */
export const text = (start = null) => ({ start, read: given => given ?? start });

/** One of a few words. @returns {Field} */
export const oneOf = (start, ...others) => ({ start, read: given => (others.includes(given) ? given : start) });

/** Yes or no. @returns {Field} */
export const flag = (start = false) => ({ start, read: given => (given === null ? start : given === '1') });

/** Digits, as they are: a number that may be larger than JavaScript's. @returns {Field} */
export const digits = start => ({ start, read: given => (/^\d{1,20}$/.test(given ?? '') ? given : start) });

/** A whole number from 0, or none. @returns {Field} */
export const whole = (start = null, most = 1e15) => ({ start, read: given => (/^\d{1,15}$/.test(given ?? '') ? Math.min(most, Number(given)) : start) });

/** Token ids. @returns {Field} */
export const ids = () => ({ start: Object.freeze([]), read: given => (/^\d+(\.\d+)*$/.test(given ?? '') ? given.split('.').map(Number) : []) });

/** A number on a slider. @param {{min: number, max: number, step: number}} limits @returns {Field} */
export const number = (start, limits) => ({ start, read: given => nearest(given ?? start, start, limits) });

/**
 * The nearest value that a slider has, or that may be typed beside it; what is no number is the one at the start.
 * @param {unknown} value
 * @param {number} start
 * @param {{min: number, max: number, step: number, top?: number}} limits
 */
export function nearest(value, start, { min, max, step, top = max }) {
  const given = value === '' || !Number.isFinite(Number(value)) ? start : Number(value);
  const steps = Math.round((Math.min(top, Math.max(min, given)) - min) / step);
  return Number((min + steps * step).toFixed(4));
}
