/** More pixels a side tell nothing more about a code, and take long. */
const largest = 1600;

/** The pixels of a picture, RGBA. */
export interface Pixels {
  width: number;
  height: number;
  data: Uint8ClampedArray | Uint8Array;
}

/** What the QR code in a picture says; nothing where there is none that can be read. */
export async function readCode(picture: Blob): Promise<string | undefined> {
  const pixels = await pixelsOf(picture);
  return pixels && textIn(pixels);
}

/** The same of pixels. Their reader is fetched when it is needed first. */
export async function textIn(pixels: Pixels): Promise<string | undefined> {
  const { decodeQR } = await import('qr/decode.js');
  try {
    return decodeQR(pixels);
  } catch {
    return undefined;
  }
}

async function pixelsOf(picture: Blob): Promise<Pixels | undefined> {
  let image: ImageBitmap;
  try {
    image = await createImageBitmap(picture);
  } catch {
    return undefined;
  }
  const scale = Math.min(1, largest / Math.max(image.width, image.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(image.width * scale));
  canvas.height = Math.max(1, Math.round(image.height * scale));
  const context = canvas.getContext('2d');
  context?.drawImage(image, 0, 0, canvas.width, canvas.height);
  image.close();
  return context?.getImageData(0, 0, canvas.width, canvas.height);
}
