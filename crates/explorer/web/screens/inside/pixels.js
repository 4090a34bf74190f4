// Cells as the pixels of an image.

import { ramp } from '../../ramp.js';

/**
 * Red, green, blue and opacity of each cell, row by row; one without a share is clear.
 * @param {number} rows @param {number} columns
 * @param {(row: number, column: number) => number | null} share from 0 to 1
 * @returns {Uint8ClampedArray<ArrayBuffer>}
 */
export function pixels(rows, columns, share) {
  const bytes = new Uint8ClampedArray(4 * rows * columns);
  for (let i = 0; i < rows * columns; i++) {
    const value = share(Math.floor(i / columns), i % columns);
    if (value !== null) bytes.set([...ramp(value), 255], 4 * i);
  }
  return bytes;
}

/** Puts them on a canvas, which becomes as large. @param {HTMLCanvasElement} canvas */
export function paint(canvas, rows, columns, share) {
  Object.assign(canvas, { width: columns, height: rows });
  canvas.getContext('2d').putImageData(new ImageData(pixels(rows, columns, share), columns, rows), 0, 0);
}

/** The same as an address of data. @returns {string} */
export function image(rows, columns, share) {
  const canvas = document.createElement('canvas');
  paint(canvas, rows, columns, share);
  return canvas.toDataURL();
}
