import encodeQR from 'qr';
import { describe, expect, it } from 'vitest';
import { textIn, type Pixels } from './read-code';

/** A code as it would stand in a picture: so many pixels for each of its squares. */
function drawn(text: string, scale: number): Pixels {
  const rows = encodeQR(text, 'raw', { border: 4 });
  const size = rows.length * scale;
  const data = new Uint8ClampedArray(size * size * 4).fill(255);
  for (let at = 0; at < size * size; at++) {
    const dark = rows[Math.floor(at / size / scale)]?.[Math.floor((at % size) / scale)] ?? false;
    if (dark) data.fill(0, at * 4, at * 4 + 3);
  }
  return { width: size, height: size, data };
}

describe('a QR code in a picture', () => {
  const link = 'https://bel.fiets.example/provisioning#4f1c-demo?pin=9a7b';

  it('says what was written into it', async () => {
    expect(await textIn(drawn(link, 4))).toBe(link);
    expect(await textIn(drawn(link, 9))).toBe(link);
  });

  it('is not found where there is none', async () => {
    const blank = { width: 200, height: 200, data: new Uint8ClampedArray(200 * 200 * 4).fill(255) };
    expect(await textIn(blank)).toBeUndefined();
    expect(await textIn({ width: 1, height: 1, data: new Uint8ClampedArray(4) })).toBeUndefined();
  });
});
