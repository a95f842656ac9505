import preact from "@preact/preset-vite";
import { defineConfig } from "vite";

// Everything lies below /assets, so that no file of the page can stand before a path of Git or of the API.
export default defineConfig({
  plugins: [preact()],
  build: {
    outDir: "../build/web",
    emptyOutDir: true,
    assetsDir: "assets",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: "page.html",
      // One script has all code of the first view, also what it shares with views that are loaded later.
      output: { codeSplitting: { groups: [{ name: "page", tags: ["$initial"] }] } },
    },
  },
});
