import { readFileSync } from "node:fs";
import { parse } from "yaml";

/** Tokens of a text, by the usual rule of thumb. */
export function tokens(text: string): number {
  return Math.ceil(text.length / 4);
}

/** The folders that are never worth an agent's time. */
export const ignored = ["**/node_modules/**", "**/.git/**", "**/dist/**", "**/__pycache__/**"];

/** The name in an agent's settings file, if there is one. */
export function agentName(path: string): string | undefined {
  try {
    return parse(readFileSync(path, "utf8"))?.name;
  } catch {
    return undefined;
  }
}
