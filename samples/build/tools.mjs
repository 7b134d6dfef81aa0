// The programs that the build calls, and how it calls them.
// Must stay true: a missing program is named together with the Debian package that brings it.
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** Each program: how to ask for its version, and the Debian package that ships it. */
export const TOOLS = {
  ffmpeg: { ask: ["-version"], deb: "ffmpeg" },
  ffprobe: { ask: ["-version"], deb: "ffmpeg" },
  flite: { ask: ["--version"], deb: "flite" },
  "rsvg-convert": { ask: ["--version"], deb: "librsvg2-bin" },
  "fc-match": { ask: ["-f", "%{family} %{fontversion}", "Inter"], deb: "fontconfig" },
};

/** A program or font that is not there; `deb` is the package to install. */
export class Missing extends Error {
  constructor(what, deb) {
    super(`${what} is missing. Install it with: apt-get install ${deb}`);
    this.name = "Missing";
    this.deb = deb;
  }
}

/** First lines of `--version` of every program; part of each cache key. Throws `Missing`. */
export async function versions(path = process.env.PATH) {
  const env = { ...process.env, PATH: path };
  const found = await Promise.all(Object.entries(TOOLS).map(async ([name, tool]) => {
    try {
      // flite tells its version on the second line and then exits with 1.
      const { stdout } = await execute(name, tool.ask, { env }).catch((error) => {
        if (error.code === "ENOENT") throw new Missing(`The program "${name}"`, tool.deb);
        return error;
      });
      const line = stdout?.split("\n").find((row) => /\d/.test(row) && !/^\s*Carnegie/.test(row));
      if (!line) throw new Error(`${name} does not tell its version`);
      return [name, line.trim()];
    } catch (error) {
      if (name === "fc-match" && !(error instanceof Missing)) throw new Missing('The font "Inter"', "fonts-inter");
      throw error;
    }
  }));
  const table = Object.fromEntries(found);
  if (!table["fc-match"].startsWith("Inter")) throw new Missing('The font "Inter"', "fonts-inter");
  return table;
}

/** Runs a program to its end; rejects with the last lines of its error output. */
export async function run(program, args, options = {}) {
  try {
    return (await execute(program, args, { maxBuffer: 64 << 20, ...options })).stdout;
  } catch (error) {
    if (error.code === "ENOENT") throw new Missing(`The program "${program}"`, TOOLS[program]?.deb ?? program);
    const tail = String(error.stderr ?? error.message).trim().split("\n").slice(-6).join("\n");
    throw new Error(`${program} failed:\n${tail}`);
  }
}

/** Runs `job(value)` for every value, at most `width` at a time, keeping the order of results. */
export async function pooled(values, width, job) {
  const results = new Array(values.length);
  let next = 0;
  const worker = async () => {
    while (next < values.length) {
      const index = next++;
      results[index] = await job(values[index], index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, values.length) }, worker));
  return results;
}
