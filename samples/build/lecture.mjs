// A lecture: scenes with drawings and spoken lines in, video, sound, captions, chapters and poster out.
// Must stay true: sound decides every time; a drawing changes on the frame where its line begins;
// the same sources and programs give the same bytes.
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cpus } from "node:os";
import { cues, webvtt } from "./captions.mjs";
import { probe } from "./mp4.mjs";
import { RATE, shown, speak, wav } from "./speech.mjs";
import { pooled, run } from "./tools.mjs";

/** Enough for packets that glide; 25 looks the same here and takes twice the time to build. */
export const FPS = 12.5;
const LEAD = 0.6, GAP = 0.32, SCENE_GAP = 0.85, TAIL = 0.7, FADE = 0.4;

/** Bytes with no clock, no program name and no path in them. */
const PLAIN = ["-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact", "-movflags", "+faststart"];
/** One loudness for all speech: -17 LUFS, true peak under -1.5 dB. */
const VOICE_FILTER = "highpass=f=70,loudnorm=I=-17:TP=-1.5:LRA=7,aresample=32000";
const sound = (rate) => ["-c:a", "aac", "-b:a", rate, "-ac", "1", "-ar", rate === "32k" ? "24000" : "32000"];

/** The three renditions; `crf` and audio rate were chosen by looking and listening at the smallest that stays clean. */
const SIZES = [
  { tier: "standard", name: "standard.mp4", size: "1280x720", crf: "27", audio: "48k" },
  { tier: "low", name: "low.mp4", size: "640x360", crf: "28", audio: "32k" },
];

/** Builds one lecture into `folder`; returns what `course.json` says about it (paths relative to `folder`). */
export async function buildLecture(lecture, folder, say = () => {}) {
  const work = join(folder, "work");
  await mkdir(work, { recursive: true });
  const timeline = await narrate(lecture, work);
  say(`${lecture.id}: ${timeline.seconds.toFixed(0)} s of speech`);
  const pictures = await draw(lecture, timeline, work, say);
  await encode(timeline, pictures, folder, work);
  await writeFile(join(folder, "en.vtt"), webvtt(timeline.cues));
  await rm(work, { recursive: true });
  const renditions = [];
  for (const { tier, name } of [...SIZES, { tier: "audio", name: "audio.m4a" }]) {
    const facts = await probe(join(folder, name));
    renditions.push({ tier, path: name, media_type: tier === "audio" ? "audio/mp4" : "video/mp4", codecs: facts.codecs, width: facts.width, height: facts.height });
  }
  return {
    duration_ms: (await probe(join(folder, SIZES[0].name))).duration_ms,
    poster: "poster.jpg", renditions,
    captions: [{ language: "en", label: "English", path: "en.vtt" }],
    chapters: timeline.chapters,
  };
}

/** A spoken message alone, as a sound file. */
export async function buildMessage(lines, path, work) {
  await mkdir(work, { recursive: true });
  const timeline = await narrate({ scenes: [{ lines: lines.map((say) => ({ say })) }] }, work);
  await writeFile(join(work, "speech.wav"), timeline.wav);
  await run("ffmpeg", ["-v", "error", "-y", "-i", join(work, "speech.wav"), "-af", VOICE_FILTER, ...sound("40k"), ...PLAIN, path]);
  await rm(work, { recursive: true });
}

/** Speaks every line and lays them out in time. Beats are frame numbers. */
async function narrate(lecture, work) {
  const lines = lecture.scenes.flatMap((scene, s) => scene.lines.map((line, l) => ({ ...line, scene: s, first: l === 0 })));
  const takes = await pooled(lines, cpus().length, (line, i) => speak(line.say, work, `line${i}`));
  const onFrame = (seconds) => Math.round(seconds * FPS) / FPS;
  let at = LEAD;
  const spoken = lines.map((line, i) => {
    if (i > 0) at += line.first ? SCENE_GAP : GAP + (lines[i - 1].pause ?? 0);
    const start = onFrame(at);
    at = start + takes[i].samples.length / RATE;
    return { ...line, start, end: at, ...takes[i] };
  });
  const frames = Math.ceil((at + TAIL) * FPS);
  const samples = new Int16Array(Math.round((frames / FPS) * RATE));
  for (const line of spoken) samples.set(line.samples, Math.round(line.start * RATE));
  const chapters = [];
  lecture.scenes.forEach((scene, s) => {
    if (!scene.chapter) return;
    const first = spoken.find((line) => line.scene === s);
    chapters.push({ start_ms: s === 0 ? 0 : Math.round(sceneStart(first) * 1000), title: scene.chapter });
  });
  return {
    frames, seconds: frames / FPS, wav: wav(samples), spoken, chapters,
    cues: spoken.flatMap((line) => cues(shown(line.say), line.start, line.end, line.pauses)),
  };
}

/** A new scene is on the screen a moment before its first word. */
const sceneStart = (line) => Math.max(0, Math.round((line.start - 0.4) * FPS) / FPS);

/** Renders each different picture once; returns `[{ path, frames }]` in order. */
async function draw(lecture, timeline, work, say) {
  const shots = [];
  let beat = 0;
  timeline.spoken.forEach((line, i) => {
    const scene = lecture.scenes[line.scene];
    const from = line.first ? Math.round(sceneStart(line) * FPS) : Math.round(line.start * FPS);
    const next = timeline.spoken[i + 1];
    const to = !next ? timeline.frames : Math.round((next.first ? sceneStart(next) : next.start) * FPS);
    const begin = i === 0 ? 0 : from;
    if (line.first) beat = 0;
    else if (line.beat !== false) beat += 1;
    const moving = line.first || line.beat !== false ? Math.min(to - begin, Math.round((line.move ?? FADE) * FPS)) : 0;
    for (let frame = 1; frame <= moving; frame++) add(shots, scene.draw(beat, frame / moving), 1);
    if (to - begin > moving) add(shots, scene.draw(beat, 1), to - begin - moving);
    if (scene.poster === beat) lecture.posterShot = shots.length - 1;
  });
  const different = [...new Set(shots.map((shot) => shot.svg))];
  say(`${lecture.id}: ${different.length} pictures`);
  await pooled(different, cpus().length, async (svg, i) => {
    await writeFile(join(work, `${i}.svg`), svg);
    await run("rsvg-convert", ["-w", "1280", "-h", "720", join(work, `${i}.svg`), "-o", join(work, `${i}.png`)]);
  });
  const index = new Map(different.map((svg, i) => [svg, i]));
  const pictures = shots.map((shot) => ({ path: `${index.get(shot.svg)}.png`, frames: shot.frames }));
  pictures.poster = pictures[lecture.posterShot ?? pictures.length - 1].path;
  return pictures;
}

function add(shots, svg, frames) {
  const last = shots[shots.length - 1];
  if (last?.svg === svg) last.frames += frames;
  else shots.push({ svg, frames });
}

/** One pass over the pictures makes both sizes; the sound is mastered once and encoded three times. */
async function encode(timeline, pictures, folder, work) {
  await writeFile(join(work, "speech.wav"), timeline.wav);
  await run("ffmpeg", ["-v", "error", "-y", "-i", "speech.wav", "-af", VOICE_FILTER, "-t", String(timeline.seconds), "-c:a", "pcm_s16le", "voice.wav"], { cwd: work });
  const list = pictures.map(({ path, frames }) => `file ${path}\nduration ${(frames / FPS).toFixed(3)}\n`).join("");
  await writeFile(join(work, "list"), `ffconcat version 1.0\n${list}file ${pictures[pictures.length - 1].path}\n`);
  const outputs = SIZES.flatMap(({ name, crf, audio }, i) => [
    "-map", `[v${i}]`, "-map", "1:a", "-c:v", "libx264", "-preset", "veryfast", "-tune", "animation", "-profile:v", "high", "-crf", crf,
    "-g", String(Math.round(FPS * 5)), "-keyint_min", "12", "-threads:v", "2", "-bsf:v", "filter_units=remove_types=6",
    "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv",
    "-frames:v", String(timeline.frames), ...sound(audio), ...PLAIN, join("..", name),
  ]);
  const [large, small] = SIZES.map(({ size }) => size.replace("x", ":"));
  const graph = `[0:v]split[a][b];[a]scale=${large}:out_color_matrix=bt709:out_range=tv,format=yuv420p,fps=${FPS}[v0];`
    + `[b]scale=${small}:flags=lanczos:out_color_matrix=bt709:out_range=tv,format=yuv420p,fps=${FPS}[v1]`;
  await run("ffmpeg", ["-v", "error", "-y", "-f", "concat", "-safe", "0", "-i", "list", "-i", "voice.wav", "-filter_complex", graph, ...outputs], { cwd: work });
  await run("ffmpeg", ["-v", "error", "-y", "-i", "voice.wav", ...sound("40k"), ...PLAIN, join("..", "audio.m4a")], { cwd: work });
  await run("ffmpeg", ["-v", "error", "-y", "-i", pictures.poster, "-vf", "scale=960:540:flags=lanczos:out_range=full", "-pix_fmt", "yuvj420p", "-q:v", "4", "-bitexact", join("..", "poster.jpg")], { cwd: work });
}

/** Pages of SVG to one PDF with real text, and with a fixed date, so that it is the same each time. */
export function buildPdf(pages, path, folder) {
  const files = pages.map((_, i) => join(folder, `page${i}.svg`));
  return Promise.all(pages.map((svg, i) => writeFile(files[i], svg)))
    .then(() => run("rsvg-convert", ["-f", "pdf", ...files, "-o", path], { env: { ...process.env, SOURCE_DATE_EPOCH: "0" } }))
    .then(() => Promise.all(files.map((file) => rm(file))));
}
