/** How the pages are built into web/dist, and how they are served while being written. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** The server that `npm run dev` passes API, WHIP, WHEP and media requests on to. */
const server = process.env.VTP_SERVER ?? "http://localhost:8080";
const served = ["/api", "/whip", "/whep", "/media", "/live", "/health"];

/** Writes `file.br` and `file.gz` beside every text file, which the server sends to browsers that take them. */
function precompress(): Plugin {
  return {
    name: "vtp-precompress",
    apply: "build",
    async writeBundle({ dir = "dist" }) {
      const names = await readdir(dir, { recursive: true });
      for (const name of names.filter((file) => /\.(js|css|svg)$/.test(file))) {
        const text = await readFile(join(dir, name));
        await writeFile(join(dir, `${name}.br`), brotliCompressSync(text));
        await writeFile(join(dir, `${name}.gz`), gzipSync(text, { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  plugins: [react(), precompress()],
  build: {
    target: "es2022",
    // The content security policy is `default-src 'self'`: nothing may become a data: address.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // hls.js alone is larger than the default limit; only the player's page loads it.
    chunkSizeWarningLimit: 700,
  },
  server: { proxy: Object.fromEntries(served.map((path) => [path, server])) },
  // A DOM for each process, not for each file, takes a third of the time; files are apart in contexts of it.
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.{ts,tsx}"],
    restoreMocks: true,
    pool: "vmThreads",
  },
});
