#!/usr/bin/env node
// Starts the program of the package for this platform.
"use strict";

const { spawn } = require("child_process");

const name = `jettison-cli-${process.platform}-${process.arch}`;
const file = process.platform === "win32" ? "jettison.exe" : "jettison";

function fail(message) {
  console.error(`jettison: ${message}`);
  process.exit(2);
}

let program;
try {
  program = require.resolve(`${name}/bin/${file}`);
} catch {
  fail(
    `the npm package ${name} is not installed: there is none for this platform, or npm was told to leave out ` +
      "optional dependencies. The documentation of jettison-cli lists other ways to install Jettison.",
  );
}

const child = spawn(program, process.argv.slice(2), { stdio: "inherit" });
// The terminal sends Ctrl-C to the program too, which cleans up and ends. Other signals are passed.
process.on("SIGINT", () => {});
for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("error", (error) => fail(`${program}: ${error.message}`));
child.on("exit", (status, signal) => {
  if (signal) {
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  } else {
    process.exit(status);
  }
});
