// The window's page. The PDF viewer is built apart (vite.viewer.config.ts): it lives on another origin.
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig(({ command }) => ({
  plugins: [svelte()],
  define: {
    __FAKE__: JSON.stringify(
      command === "serve" || process.env["VITEST"] !== undefined || process.env["VITE_FAKE"] === "1",
    ),
  },
  base: "./",
  clearScreen: false,
  server: { port: 5173, strictPort: true, host: "127.0.0.1" },
  build: {
    target: "safari16",
    // No inline data: the window's policy allows fonts and pictures from its own files only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
  },
  test: {
    environment: "jsdom",
    include: ["tests/**/*.test.ts"],
  },
  resolve: {
    alias: { $host: here("src/lib/host"), $lib: here("src/lib") },
    ...(process.env["VITEST"] ? { conditions: ["browser"] } : {}),
  },
}));
