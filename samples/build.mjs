#!/usr/bin/env node
// Builds the sample course: node samples/build.mjs --out DIR [--cut] [--cache DIR]
// Must stay true: DIR is a complete course folder or the exit code is not 0;
// what has not changed is taken from the cache, whose names are digests of sources and program versions.
import { createHash } from "node:crypto";
import { cp, mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { CUT, bind, course } from "./how-the-internet-reaches-you/course.mjs";
import { Missing, versions } from "./build/tools.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const SOURCES = join(HERE, course.id);
const CUT_LIMIT = 3_600_000;

/** One thing that takes time to make: `from` are the files that decide what it becomes, `make(folder)` makes it. */
async function cached(cache, name, tools, from, make) {
  const hash = createHash("sha256").update(JSON.stringify(tools));
  for (const file of from) hash.update(`\0${relative(HERE, file)}\0`).update(await readFile(file));
  const place = join(cache, `${name}-${hash.digest("hex").slice(0, 16)}`);
  if (existsSync(place)) return { place, fresh: false };
  const draft = `${place}.${process.pid}.draft`;
  await mkdir(draft, { recursive: true });
  try {
    const facts = await make(draft);
    await writeFile(join(draft, "facts.json"), JSON.stringify(facts ?? null));
    await rename(draft, place);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    // Two builds at once: the other one finished first, with the same bytes.
    if (!existsSync(place)) throw error;
  }
  return { place, fresh: true };
}

async function main() {
  const { values } = parseArgs({ options: { out: { type: "string" }, cut: { type: "boolean", default: false }, cache: { type: "string" } } });
  if (!values.out) throw new Error("usage: node samples/build.mjs --out DIR [--cut] [--cache DIR]");
  const began = Date.now();
  const say = (text) => console.log(`[${((Date.now() - began) / 1000).toFixed(1).padStart(5)} s] ${text}`);
  const out = resolve(values.out), cache = resolve(values.cache ?? join(HERE, "..", ".cache", "samples"));
  await refuseForeign(out);
  const tools = await versions();
  await mkdir(cache, { recursive: true });
  const machinery = (await readdir(join(HERE, "build"))).filter((name) => name !== "check.mjs").sort().map((name) => join(HERE, "build", name));
  const drawing = join(SOURCES, "drawing.mjs");
  const { buildLecture, buildMessage, buildPdf } = await import("./build/lecture.mjs");

  const draft = `${out}.${process.pid}.draft`;
  await mkdir(draft, { recursive: true });
  try {
    const dropped = values.cut ? CUT.without : [];
    const sections = [];
    for (const section of values.cut ? course.sections : bind(course.sections)) {
      const items = [];
      for (const item of section.items.filter(({ id }) => !dropped.includes(id))) {
        items.push(item.kind === "video" ? { ...item, ...(await lecture(item.id)) } : item);
      }
      sections.push({ ...section, items });
    }
    await readings();
    if (!values.cut) await messages();
    const whole = { ...course, ...(values.cut ? { id: CUT.id, title: CUT.title, summary: CUT.summary, sites: {} } : {}), sections };
    await writeFile(join(draft, "course.json"), `${JSON.stringify(whole, null, 1)}\n`);
    const size = await sizeOf(draft);
    if (values.cut && size > CUT_LIMIT) throw new Error(`the cut is ${size} bytes, more than ${CUT_LIMIT}`);
    await rm(out, { recursive: true, force: true });
    await mkdir(dirname(out), { recursive: true });
    await rename(draft, out);
    say(`${whole.title}: ${(size / 1e6).toFixed(2)} MB in ${out}`);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw error;
  }

  async function lecture(id) {
    const source = join(SOURCES, "lectures", `${id}.mjs`);
    const { place, fresh } = await cached(cache, id, tools, [source, drawing, ...machinery], async (folder) =>
      buildLecture((await import(source)).default, folder, say));
    const facts = JSON.parse(await readFile(join(place, "facts.json"), "utf8"));
    const at = (path) => `lectures/${id}/${path}`;
    const { renditions } = facts;
    for (const path of [facts.poster, ...renditions.map((r) => r.path), ...facts.captions.map((c) => c.path)]) await put(join(place, path), at(path));
    say(`lecture ${id} ${fresh ? "built" : "from the cache"}`);
    return { ...facts, poster: at(facts.poster), renditions: renditions.map((r) => ({ ...r, path: at(r.path) })), captions: facts.captions.map((c) => ({ ...c, path: at(c.path) })) };
  }

  async function readings() {
    const from = join(SOURCES, "readings");
    const figures = (await import(join(from, "figures.mjs"))).default;
    await mkdir(join(draft, "readings"), { recursive: true });
    for (const name of (await readdir(from)).filter((n) => /\.(html|css)$/.test(n))) await cp(join(from, name), join(draft, "readings", name));
    for (const [name, svg] of Object.entries(figures)) await writeFile(join(draft, "readings", name), svg);
    const source = join(from, "fault-finder.mjs");
    const { place } = await cached(cache, "fault-finder", tools, [source, drawing, ...machinery], async (folder) =>
      buildPdf((await import(source)).default, join(folder, "fault-finder.pdf"), folder));
    await put(join(place, "fault-finder.pdf"), "readings/fault-finder.pdf");
    say("readings ready");
  }

  async function messages() {
    const source = join(SOURCES, "feedback.mjs");
    const { place } = await cached(cache, "feedback", tools, [source, ...machinery], async (folder) => {
      for (const [name, lines] of Object.entries((await import(source)).default)) await buildMessage(lines, join(folder, name), join(folder, "work"));
    });
    for (const name of (await readdir(place)).filter((n) => n.endsWith(".m4a"))) await put(join(place, name), `feedback/${name}`);
    say("recorded messages ready");
  }

  /** Copies a cached file into the course folder; never a link, so that nothing done there reaches the cache. */
  async function put(from, to) {
    const target = join(draft, to);
    await mkdir(dirname(target), { recursive: true });
    await cp(from, target);
  }
}

/** A folder that is not a course folder is never replaced. */
async function refuseForeign(out) {
  if (!existsSync(out)) return;
  const names = await readdir(out);
  if (names.length && !names.includes("course.json")) throw new Error(`${out} holds other files; give a new or empty folder`);
}

async function sizeOf(folder) {
  const { statSync } = await import("node:fs");
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((e) => e.isFile()).reduce((sum, e) => sum + statSync(join(e.path, e.name)).size, 0);
}

main().catch((error) => {
  console.error(error instanceof Missing ? error.message : error.stack ?? error.message);
  process.exitCode = 1;
});
