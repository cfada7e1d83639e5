// Bundles the window: `node build.mjs` writes dist/ (checked in), `--dev` writes .dev/ with the
// recorded states of dev.html, `--test` bundles the tests and runs them.
import { build } from "esbuild";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, rmSync } from "node:fs";

const shared = {
  bundle: true,
  absWorkingDir: import.meta.dirname,
  target: ["safari15", "chrome110"],
  jsx: "automatic",
  jsxImportSource: "preact",
  charset: "utf8",
  legalComments: "none",
  logLevel: "warning",
};

function emptied(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
}

process.chdir(import.meta.dirname);
const mode = process.argv[2];

if (mode === "--dev") {
  emptied(".dev");
  await build({ ...shared, entryPoints: { app: "src/dev/main.ts" }, outdir: ".dev", format: "esm" });
} else if (mode === "--test") {
  emptied(".test");
  const tests = readdirSync("test").filter((name) => name.endsWith(".test.ts"));
  await build({
    ...shared,
    entryPoints: tests.map((name) => `test/${name}`),
    outdir: ".test",
    outExtension: { ".js": ".mjs" },
    format: "esm",
    platform: "node",
    target: "node20",
    sourcemap: "inline",
  });
  const files = tests.map((name) => `.test/${name.replace(/\.ts$/, ".mjs")}`);
  const run = spawnSync(process.execPath, ["--enable-source-maps", "--test", ...files], {
    stdio: "inherit",
  });
  process.exitCode = run.status ?? 1;
} else {
  emptied("dist");
  await build({
    ...shared,
    entryPoints: { app: "src/main.ts" },
    outdir: "dist",
    format: "iife",
    minify: true,
  });
  cpSync("src/index.html", "dist/index.html");
}
