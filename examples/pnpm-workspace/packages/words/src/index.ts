/** How often each word occurs in a text. */
export function count(text: string): Record<string, number> {
  const found: Record<string, number> = {};
  for (const word of text.toLowerCase().split(/\W+/).filter(Boolean)) {
    found[word] = (found[word] ?? 0) + 1;
  }
  return found;
}
