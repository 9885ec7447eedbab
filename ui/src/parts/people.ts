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
  let hash = 0;
  for (const char of name.toLocaleLowerCase()) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) >>> 0;
  return ((hash % 6) + 1) as 1 | 2 | 3 | 4 | 5 | 6;
}

function letter(word: string): string {
  return [...word][0] ?? '';
}
