// What an MP4 file says about its own streams.
// Must stay true: the codecs string is read from the stream's own headers, so it cannot promise what is not there.
import { open } from "node:fs/promises";
import { run } from "./tools.mjs";

/** `{ duration_ms, width, height, codecs }` of a finished file (width and height 0 for sound only). */
export async function probe(path) {
  const out = await run("ffprobe", ["-v", "error", "-show_entries", "format=duration:stream=codec_name,profile,width,height", "-of", "json", path]);
  const { streams, format } = JSON.parse(out);
  const video = streams.find((s) => s.codec_name === "h264");
  const audio = streams.find((s) => s.codec_name === "aac");
  const codecs = [];
  if (video) codecs.push(await avc(path));
  if (audio) codecs.push(audio.profile === "LC" ? "mp4a.40.2" : "mp4a.40.5");
  return {
    duration_ms: Math.round(Number(format.duration) * 1000),
    width: video?.width ?? 0, height: video?.height ?? 0,
    codecs: codecs.join(","),
  };
}

/** "avc1.PPCCLL" from the profile, constraint and level bytes of the `avcC` box (ISO/IEC 14496-15, 5.3.3.1). */
async function avc(path) {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(1 << 20), position: 0 });
    const at = buffer.subarray(0, bytesRead).indexOf("avcC");
    if (at < 0) throw new Error(`${path}: no avcC box in the first megabyte; the file is not laid out for streaming`);
    return `avc1.${buffer.subarray(at + 5, at + 8).toString("hex")}`;
  } finally {
    await file.close();
  }
}
