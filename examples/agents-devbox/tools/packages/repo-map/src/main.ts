import { readFileSync } from "node:fs";
import { join } from "node:path";
import { agentName, ignored, tokens } from "@agent-tools/shared";
import { Command } from "commander";
import glob from "fast-glob";
import pc from "picocolors";

interface Row {
  path: string;
  tokens: number;
}

const program = new Command()
  .name("repo-map")
  .version("1.2.0")
  .description("list the files of a repository with what they cost to read")
  .argument("[folder]", "where to look", ".")
  .option("-n, --top <count>", "only the largest", "20")
  .option("--json", "for machines")
  .action((folder: string, options: { top: string; json?: boolean }) => {
    const rows: Row[] = glob
      .sync("**/*", { cwd: folder, ignore: ignored, dot: false })
      .map((path) => ({ path, tokens: tokens(readFileSync(join(folder, path), "utf8")) }))
      .sort((a, b) => b.tokens - a.tokens || a.path.localeCompare(b.path))
      .slice(0, Number(options.top));
    if (options.json) {
      console.log(JSON.stringify(rows, null, 2));
      return;
    }
    const name = agentName(join(folder, "config", "agent.yaml"));
    if (name) console.log(pc.bold(name));
    for (const row of rows) console.log(`${String(row.tokens).padStart(8)}  ${row.path}`);
  });

program.parse();
