// Writes what the second Bellbird says: a short song of bells, 48 kHz, mono, 16 bits.  greeting.mjs FILE
import { writeFileSync } from 'node:fs';

const rate = 48_000;
const notes = [1046.5, 1318.5, 1568.0, 1318.5, 1174.7, 1046.5];
const spacing = 0.45;
const pause = 1.6;

const length = Math.round((notes.length * spacing + pause) * rate);
const samples = new Float64Array(length);
notes.forEach((pitch, at) => ring(pitch, Math.round(at * spacing * rate)));

// A bell: a few partials that fade at their own pace.
function ring(pitch, start) {
  for (const [ratio, loudness, decay] of [[1, 0.2, 2.5], [2.0, 0.09, 4], [2.76, 0.05, 6], [5.4, 0.02, 10]]) {
    for (let n = 0; start + n < length; n++) {
      const time = n / rate;
      const attack = Math.min(1, time / 0.004);
      samples[start + n] += loudness * attack * Math.exp(-decay * time) * Math.sin(2 * Math.PI * pitch * ratio * time);
    }
  }
}

const file = Buffer.alloc(44 + 2 * length);
file.write('RIFF', 0);
file.writeUInt32LE(36 + 2 * length, 4);
file.write('WAVEfmt ', 8);
file.writeUInt32LE(16, 16);
file.writeUInt16LE(1, 20);
file.writeUInt16LE(1, 22);
file.writeUInt32LE(rate, 24);
file.writeUInt32LE(2 * rate, 28);
file.writeUInt16LE(2, 32);
file.writeUInt16LE(16, 34);
file.write('data', 36);
file.writeUInt32LE(2 * length, 40);
samples.forEach((sample, at) => file.writeInt16LE(Math.round(Math.max(-1, Math.min(1, sample)) * 32_767), 44 + 2 * at));
writeFileSync(process.argv[2], file);
