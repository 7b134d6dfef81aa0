// Text to speech: one sentence in, its samples and the places where the voice pauses out.
// Must stay true: times come from the sound that was made, never from a guess about it.
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { run } from "./tools.mjs";

/** Samples per second of the voice. */
export const RATE = 16000;
/**
 * The voice, chosen by measurement: in 24 of our own sentences a speech recogniser (pocketsphinx, en-US)
 * misheard 14 % of the words of "rms", 22 % of "slt", 84 % of espeak-ng's en-US.
 */
export const VOICE = ["-voice", "rms"];

/** "{Wi-Fi|why fye}" is shown as "Wi-Fi" and spoken as "why fye". */
export const shown = (text) => text.replace(/\{([^|{}]*)\|([^{}]*)\}/g, "$1");
export const spoken = (text) => text.replace(/\{([^|{}]*)\|([^{}]*)\}/g, "$2");

/** Speaks one line: `{ samples: Int16Array, pauses: [seconds] }`, silence at both ends cut off. */
export async function speak(text, folder, name) {
  const path = join(folder, `${name}.wav`);
  const phones = await run("flite", [...VOICE, "-psdur", "-t", spoken(text), "-o", path]);
  const samples = pcm(await readFile(path));
  await rm(path);
  const { start, end } = sounding(samples);
  const pauses = [...phones.matchAll(/pau:([\d.]+)/g)].map((m) => Number(m[1]) - start / RATE);
  return { samples: samples.slice(start, end), pauses: pauses.filter((at) => at > 0.2 && at < (end - start) / RATE - 0.2) };
}

/** The sound as a WAV file (mono, 16 bit). */
export function wav(samples) {
  const head = Buffer.alloc(44);
  const bytes = samples.length * 2;
  head.write("RIFF", 0); head.writeUInt32LE(36 + bytes, 4); head.write("WAVEfmt ", 8);
  head.writeUInt32LE(16, 16); head.writeUInt16LE(1, 20); head.writeUInt16LE(1, 22);
  head.writeUInt32LE(RATE, 24); head.writeUInt32LE(RATE * 2, 28); head.writeUInt16LE(2, 32); head.writeUInt16LE(16, 34);
  head.write("data", 36); head.writeUInt32LE(bytes, 40);
  return Buffer.concat([head, Buffer.from(samples.buffer, samples.byteOffset, bytes)]);
}

function pcm(file) {
  const at = file.indexOf("data");
  if (at < 0 || file.readUInt32LE(24) !== RATE) throw new Error(`the voice did not give ${RATE} samples a second`);
  const body = file.subarray(at + 8);
  return new Int16Array(body.buffer.slice(body.byteOffset, body.byteOffset + (body.length & ~1)));
}

/** First and last sample louder than a whisper, with 30 ms of margin. */
function sounding(samples) {
  const margin = RATE * 0.03;
  let start = 0, end = samples.length;
  while (start < end && Math.abs(samples[start]) < 300) start++;
  while (end > start && Math.abs(samples[end - 1]) < 300) end--;
  return { start: Math.max(0, Math.round(start - margin)), end: Math.min(samples.length, Math.round(end + margin)) };
}
