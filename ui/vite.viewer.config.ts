// The PDF viewer: a page of its own that the content server hands out below `viewer/`, with all it needs beside it.
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { defineConfig, type Plugin } from "vite";

const pdfjs = dirname(createRequire(import.meta.url).resolve("pdfjs-dist/package.json"));

/** Copies the fonts, character maps and decoders that some documents need. */
function besideViewer(folders: string[]): Plugin {
  return {
    name: "beside-viewer",
    generateBundle() {
      for (const folder of folders) {
        for (const name of readdirSync(join(pdfjs, folder))) {
          // Programs inside documents are never run.
          if (/quickjs/i.test(name)) continue;
          this.emitFile({
            type: "asset",
            fileName: `${folder}/${name}`,
            source: readFileSync(join(pdfjs, folder, name)),
          });
        }
      }
    },
  };
}

export default defineConfig({
  root: "viewer",
  base: "./",
  publicDir: false,
  plugins: [besideViewer(["cmaps", "standard_fonts", "wasm", "iccs"])],
  worker: { format: "es" },
  build: {
    outDir: "../dist/viewer",
    emptyOutDir: true,
    target: "safari16",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 3000,
    rolldownOptions: {
      input: "viewer/pdf.html",
      // `.js`, so that a server needs no list of uncommon endings.
      output: {
        assetFileNames: (asset) => `assets/[name]-[hash]${asset.names[0]?.endsWith(".mjs") ? ".js" : "[extname]"}`,
      },
    },
  },
});
