// Which words of two texts differ.

const split = (text) => [...text.matchAll(/\S+/g)].map((match) => ({
  word: match[0], start: match.index, end: match.index + match[0].length,
}));

/** Longer texts are compared up to here: the table below grows with the product of both. */
const most = 3000;

/** The words of each text that are not part of the longest common sequence of words. */
export function differingWords(first, second) {
  const [a, b] = [split(first).slice(0, most), split(second).slice(0, most)];
  const width = b.length + 1;
  const lengths = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      lengths[i * width + j] = a[i].word === b[j].word
        ? lengths[(i + 1) * width + j + 1] + 1
        : Math.max(lengths[(i + 1) * width + j], lengths[i * width + j + 1]);
    }
  }
  const found = { first: [], second: [], common: lengths[0] };
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i].word === b[j].word) {
      i += 1;
      j += 1;
    } else if (j === b.length || i < a.length && lengths[(i + 1) * width + j] >= lengths[i * width + j + 1]) {
      found.first.push(a[i]);
      i += 1;
    } else {
      found.second.push(b[j]);
      j += 1;
    }
  }
  return found;
}
