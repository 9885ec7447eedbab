/** The one or two letters in a face, or nothing where the name is only a number. */
export function initials(name: string): string {
  const words = name.split(/[\s.,@_-]+/u).filter((word) => /^\p{L}/u.test(word));
  const first = words[0];
  if (!first) return '';
  const last = words.length > 1 ? words.at(-1) : undefined;
  return (letter(first) + (last ? letter(last) : '')).toLocaleUpperCase();
}

/** Which of the six pairs of colours a face has; the same for the same name, on each start. */
export function faceColour(name: string): 1 | 2 | 3 | 4 | 5 | 6 {
  // FNV-1a, with the high bits folded in: they are the better mixed ones.
  let hash = 0x811c9dc5;
  for (const char of name.toLocaleLowerCase()) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193);
  return ((((hash ^ (hash >>> 15)) >>> 0) % 6) + 1) as 1 | 2 | 3 | 4 | 5 | 6;
}

function letter(word: string): string {
  return [...word][0] ?? '';
}
