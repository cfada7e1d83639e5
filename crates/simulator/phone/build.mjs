// Bundles the phone: `node build.mjs` writes ../pages/phone.js and ../pages/sealed.js (both checked
// in; the latter is a module of its own, so that Node.js can load it too), `--test` bundles the
// tests and runs them.
import { build } from "esbuild";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync } from "node:fs";

const shared = {
  bundle: true,
  absWorkingDir: import.meta.dirname,
  charset: "utf8",
  format: "esm",
  legalComments: "none",
  logLevel: "warning",
};

process.chdir(import.meta.dirname);

if (process.argv[2] === "--test") {
  rmSync(".test", { recursive: true, force: true });
  mkdirSync(".test");
  const tests = readdirSync("test").filter((name) => name.endsWith(".test.ts"));
  await build({
    ...shared,
    entryPoints: tests.map((name) => `test/${name}`),
    outdir: ".test",
    outExtension: { ".js": ".mjs" },
    external: ["node:*"],
    target: "node20",
    sourcemap: "inline",
  });
  const files = tests.map((name) => `.test/${name.replace(/\.ts$/, ".mjs")}`);
  const run = spawnSync(process.execPath, ["--enable-source-maps", "--test", ...files], {
    stdio: "inherit",
  });
  process.exitCode = run.status ?? 1;
} else {
  await build({
    ...shared,
    entryPoints: { phone: "src/main.ts", sealed: "src/sealed.ts" },
    outdir: "../pages",
    external: ["./sealed.js"],
    target: ["safari15", "chrome110"],
    minify: true,
  });
}
