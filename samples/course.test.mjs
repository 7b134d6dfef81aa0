// Checks the built sample course: `node --test samples/` builds it (from the cache if it can) and looks at every promise.
// Must stay true: each check is also run on a course with one fault, which it has to find.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { readWebvtt } from "./build/captions.mjs";
import { faults } from "./build/check.mjs";
import { probe } from "./build/mp4.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const BUILD = join(HERE, "build.mjs");
const room = mkdtempSync(join(tmpdir(), "sample-course-"));
const full = join(room, "full"), cut = join(room, "cut");
const cache = process.env.DAYPACK_SAMPLE_CACHE ? ["--cache", process.env.DAYPACK_SAMPLE_CACHE] : [];
const course = (folder) => JSON.parse(readFileSync(join(folder, "course.json"), "utf8"));
const videos = (folder) => course(folder).sections.flatMap((s) => s.items).filter((i) => i.kind === "video");
const bytes = (folder) => readdirSync(folder, { recursive: true, withFileTypes: true }).filter((e) => e.isFile()).reduce((n, e) => n + statSync(join(e.path, e.name)).size, 0);

before(() => {
  execFileSync("node", [BUILD, "--out", full, ...cache], { stdio: "inherit" });
  execFileSync("node", [BUILD, "--out", cut, "--cut", ...cache], { stdio: "inherit" });
});
after(() => rmSync(room, { recursive: true, force: true }));

describe("the course folder", () => {
  test("follows the format, and every path in it exists", () => {
    assert.deepEqual(faults(course(full), (path) => existsSync(join(full, path))), []);
    assert.deepEqual(faults(course(cut), (path) => existsSync(join(cut, path))), []);
  });

  const broken = {
    "a file that is not there": (c) => { c.sections[0].items[0].poster = "lectures/none.jpg"; },
    "a path that leaves the folder": (c) => { c.sections[0].items[1].path = "../outside.html"; },
    "two items with one id": (c) => { c.sections[0].items[1].id = c.sections[0].items[0].id; },
    "two items with one activity": (c) => { c.sections[0].items[1].bindings[0].cmid = c.sections[0].items[0].bindings[0].cmid; },
    "a binding to an unknown site": (c) => { c.sections[0].items[0].bindings[0].site = "elsewhere"; },
    "a key that names no choice": (c) => { quiz(c, "p1").key.choice = "z"; },
    "a key of several that names no choice": (c) => { quiz(c, "p5").key.choices = ["a", "z"]; },
    "a pair that names nothing on the right": (c) => { quiz(c, "p2").key.pairs.l1 = "r9"; },
    "a number key that is text": (c) => { quiz(c, "p4").key.value = "60"; },
    "a chapter after the end": (c) => { c.sections[0].items[0].chapters.at(-1).start_ms = c.sections[0].items[0].duration_ms + 1; },
    "an unknown kind of item": (c) => { c.sections[0].items[0].kind = "film"; },
    "an essay that is marked by the machine": (c) => { quiz(c, "g6").scoring = "local"; },
    "a video without duration": (c) => { delete c.sections[0].items[0].duration_ms; },
  };
  for (const [name, spoil] of Object.entries(broken)) {
    test(`with ${name} is found at fault`, () => {
      const spoilt = course(full);
      spoil(spoilt);
      assert.equal(faults(spoilt, (path) => existsSync(join(full, path))).length, 1);
    });
  }

  test("has numbered activities from 11 up, and instances from 1 up in each module", () => {
    const all = course(full).sections.flatMap((s) => s.items).map((i) => i.bindings[0]);
    assert.deepEqual(all.map((b) => Number(b.cmid)), all.map((_, i) => 11 + i));
    for (const module of new Set(all.map((b) => b.module))) {
      const own = all.filter((b) => b.module === module);
      assert.deepEqual(own.map((b) => b.instance), own.map((_, i) => String(i + 1)), module);
    }
  });

  test("brings the teacher's recorded messages", async () => {
    const long = await probe(join(full, "feedback/assignment.m4a"));
    assert.equal(long.codecs, "mp4a.40.2");
    assert.ok(long.duration_ms > 12_000 && long.duration_ms < 25_000, `${long.duration_ms} ms`);
    assert.ok((await probe(join(full, "feedback/quiz.m4a"))).duration_ms > 8_000);
  });

  test("of the cut is under 3.6 MB, has the same sections, and binds to no site", () => {
    assert.ok(bytes(cut) < 3_600_000, `${bytes(cut)} bytes`);
    assert.deepEqual(course(cut).sections.map((s) => s.id), course(full).sections.map((s) => s.id));
    assert.equal(course(cut).id, "look-around");
    assert.ok(course(cut).sections.every((s) => s.items.length > 0 && s.items.every((i) => !i.bindings && i.kind !== "link")));
  });
});

describe("each lecture", () => {
  test("is what course.json says: codecs, size and duration", async () => {
    assert.ok(videos(full).length >= 3);
    for (const folder of [full, cut]) for (const video of videos(folder)) for (const r of video.renditions) {
      const real = await probe(join(folder, r.path));
      assert.deepEqual({ codecs: r.codecs, width: r.width, height: r.height }, { codecs: real.codecs, width: real.width, height: real.height }, r.path);
      assert.ok(Math.abs(real.duration_ms - video.duration_ms) < 120, `${r.path}: ${real.duration_ms} and ${video.duration_ms} ms`);
    }
  });

  test("is between 90 seconds and 3 minutes long", () => {
    for (const v of videos(full)) assert.ok(v.duration_ms > 90_000 && v.duration_ms < 180_000, `${v.id}: ${v.duration_ms} ms`);
  });

  test("is H.264 4:2:0 with a keyframe every 5 seconds, ready for streaming, and tells no version of a program", () => {
    for (const v of videos(full)) for (const r of v.renditions) {
      const file = readFileSync(join(full, r.path));
      assert.ok(file.indexOf("moov") < file.indexOf("mdat"), `${r.path}: moov comes first`);
      assert.doesNotMatch(file.toString("latin1"), /Lav[fc]\d|x264 - core|\/tmp\/|\/home\//, `${r.path}: a version or a place`);
      if (r.tier === "audio") continue;
      const ask = (...args) => execFileSync("ffprobe", ["-v", "error", "-select_streams", "v", ...args, "-of", "csv=p=0", join(full, r.path)], { encoding: "utf8" });
      assert.match(ask("-show_entries", "stream=profile,pix_fmt"), /^High,yuv420p/);
      const keys = ask("-skip_frame", "nokey", "-show_entries", "frame=pts_time").trim().split("\n").map((row) => parseFloat(row));
      const gaps = [...keys.slice(1), v.duration_ms / 1000].map((t, i) => t - keys[i]);
      assert.ok(Math.max(...gaps) <= 5.1, `${r.path}: ${Math.max(...gaps)} s between keyframes`);
    }
  });

  test("has captions in step with its sound: in order, readable, and to the end", () => {
    for (const v of videos(full)) {
      const cues = readWebvtt(readFileSync(join(full, v.captions[0].path), "utf8"));
      assert.ok(cues.length > 20, `${v.id}: ${cues.length} cues`);
      cues.forEach((cue, i) => {
        assert.ok(cue.end > cue.start && (i === 0 || cue.start >= cues[i - 1].end), `${v.id}, cue ${i + 1}: times`);
        assert.ok(cue.text.split("\n").length <= 2 && cue.text.split("\n").every((row) => row.length <= 46), `${v.id}: “${cue.text}”`);
        const pace = cue.text.length / ((cue.end - cue.start) / 1000);
        assert.ok(pace < 24, `${v.id}: ${pace.toFixed(0)} letters a second in “${cue.text}”`);
        assert.ok(!/[{}|]/.test(cue.text), `${v.id}: mark-up in “${cue.text}”`);
      });
      assert.ok(Math.abs(v.duration_ms - cues.at(-1).end) < 1000, `${v.id}: captions end at ${cues.at(-1).end} of ${v.duration_ms} ms`);
    }
  });

  test("is silent between its captions and sounds during them", () => {
    for (const v of videos(full)) {
      const audio = v.renditions.find((r) => r.tier === "audio");
      const raw = execFileSync("ffmpeg", ["-v", "error", "-i", join(full, audio.path), "-ac", "1", "-ar", "8000", "-f", "s16le", "-"], { maxBuffer: 64 << 20 });
      const loud = (from, to) => { let peak = 0; for (let i = Math.round(from * 8); i < to * 8 && i * 2 + 1 < raw.length; i++) peak = Math.max(peak, Math.abs(raw.readInt16LE(i * 2))); return peak; };
      const cues = readWebvtt(readFileSync(join(full, v.captions[0].path), "utf8"));
      cues.forEach((cue, i) => {
        assert.ok(loud(cue.start, cue.end) > 3000, `${v.id}: nothing is heard in “${cue.text}”`);
        const next = cues[i + 1];
        if (next && next.start - cue.end > 250) assert.ok(loud(cue.end + 90, next.start - 60) < 1200, `${v.id}: speech after “${cue.text}”`);
      });
    }
  });
});

describe("the readings", () => {
  test("are pages without scripts whose pictures are in their list of assets and have a description", () => {
    for (const item of course(full).sections.flatMap((s) => s.items).filter((i) => i.media_type === "text/html")) {
      const html = readFileSync(join(full, item.path), "utf8");
      assert.doesNotMatch(html, /<script|\son\w+=|https?:/i, item.path);
      const used = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map((m) => `readings/${m[1]}`).sort();
      assert.deepEqual(used, [...item.assets].sort());
      for (const [img] of html.matchAll(/<img[^>]*>/g)) assert.match(img, /alt="[^"]{20,}"/);
    }
  });

  test("include a PDF of three pages", () => {
    const pdf = readFileSync(join(full, "readings/fault-finder.pdf"), "latin1");
    assert.match(pdf, /^%PDF-/);
    assert.match(pdf, /\/Count 3\b/);
    assert.match(pdf, /\/ToUnicode/, "its text can be searched");
  });
});

describe("the build", () => {
  test("takes less than two seconds when nothing has changed", () => {
    const began = Date.now();
    execFileSync("node", [BUILD, "--out", full, ...cache]);
    assert.ok(Date.now() - began < 2000, `${Date.now() - began} ms`);
  });

  test("does not replace a folder that holds something else", () => {
    const precious = join(room, "precious");
    mkdirSync(precious);
    writeFileSync(join(precious, "letter.txt"), "dear");
    const result = spawnSync("node", [BUILD, "--out", precious, ...cache], { encoding: "utf8" });
    assert.equal(result.status, 1);
    assert.equal(readFileSync(join(precious, "letter.txt"), "utf8"), "dear");
  });

  test("names the missing program and its Debian package", () => {
    const bin = join(room, "bin");
    mkdirSync(bin);
    for (const tool of ["ffmpeg", "ffprobe", "flite", "fc-match"]) symlinkSync(execFileSync("which", [tool], { encoding: "utf8" }).trim(), join(bin, tool));
    const result = spawnSync(process.execPath, [BUILD, "--out", join(room, "none"), ...cache], { encoding: "utf8", env: { ...process.env, PATH: bin } });
    assert.equal(result.status, 1);
    assert.match(result.stderr, /"rsvg-convert" is missing.*apt-get install librsvg2-bin/);
    assert.ok(!existsSync(join(room, "none")));
  });
});

function quiz(c, id) {
  return c.sections.flatMap((s) => s.items).flatMap((i) => i.quiz?.questions ?? []).find((q) => q.id === id);
}
