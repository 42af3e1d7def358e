/** The one of `names` that is probably meant by `name`; undefined where none is near. */
export function nearest(name: string, names: readonly string[]): string | undefined {
  const written = name.toLowerCase();
  let near: string | undefined;
  // More than a third of the letters wrong is another word.
  let least = Math.floor(written.length / 3) + 1;
  let fewest = 0;
  for (const known of names) {
    const meant = known.toLowerCase();
    const wrong = edits(written, meant);
    const distance = contains(meant, written) || contains(written, meant) ? Math.min(wrong, 1) : wrong;
    // Of two that are as near the one of which less is wrong: `timeou` is `timeout`, and not `time`.
    if (distance < least || (distance === least && wrong < fewest)) [least, fewest, near] = [distance, wrong, known];
  }
  return near;
}

/** Whether `part` is most of a word, such as `cap` of `capacity` or `retries` of `maxRetries`. */
function contains(whole: string, part: string): boolean {
  return part.length >= 3 && (whole.startsWith(part) || whole.endsWith(part));
}

/** How many letters to put in, to leave out or to replace: the Levenshtein distance. */
function edits(a: string, b: string): number {
  const row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let line = 1; line <= a.length; line++) {
    let diagonal = line - 1;
    row[0] = line;
    for (let column = 1; column <= b.length; column++) {
      const above = row[column]!;
      const replaced = diagonal + (a[line - 1] === b[column - 1] ? 0 : 1);
      row[column] = Math.min(above + 1, row[column - 1]! + 1, replaced);
      diagonal = above;
    }
  }
  return row[b.length]!;
}
