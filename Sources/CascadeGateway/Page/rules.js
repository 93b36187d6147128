// What the page says of each rule. Names, defaults and ranges are those of the rules' table in CascadeCore.

/**
 * name, what it does, the slider of alpha (least, most, standard; null: none), what a larger alpha does. q is what the
 * drafter thinks of its token, p what the expert thinks of it.
 */
const table = [
  ["lossless", "Answers exactly as the expert would: every drafted token has to pass a test against it.", null],
  ["lossy", "Like lossless, with a test that is easier to pass.", [0, 0.99, 0.3]],
  ["chow", "Keeps a token while the drafter is confident.", [0, 1, 0.2]],
  ["diff", "Keeps a token where the drafter is nearly as confident as the expert.", [-1, 1, -0.05]],
  ["opt", "Like diff, and more lenient where the two models disagree and a rejection would cost more.", [-1, 1, -0.1]],
  ["token-v1", "Keeps a token that the drafter finds nearly as likely as the expert finds its favourite.", [-1, 1, 0.3]],
  ["token-v2", "Keeps a token whose probability is at most alpha below that of the expert's favourite.", [-1, 1, 0.3]],
  ["token-v3", "Keeps a token whose probability is at least 1 − alpha times that of the expert's favourite.", [0, 1, 0.3]],
  ["token-lt", "Like token-v3; a token that is not kept may still pass the lossless test.", [0, 1, 0.3]],
  ["chow-log", "Keeps a token while the drafter's uncertainty (entropy) is low.", [0, 3, 0.5]],
  ["diff-log", "Keeps a token where the drafter is not much less certain than the expert.", [-1, 1, -0.1]],
  ["opt-log", "Like diff-log, and more lenient where the two models disagree.", [-2, 2, -0.5]],
  ["bild", "Keeps a token where the expert finds the drafter's favourite likely enough.", [0, 5, 1]],
  ["typical", "Keeps a token that is likely for how certain the expert is.", [0, 1, 0.09], "keeps fewer"],
  ["top-k-delta", "Keeps one of the expert's ten likeliest tokens, at most alpha below its favourite.", [0, 1, 0.6]],
  ["ensemble", "Answers from a mixture of both models: alpha is the expert's share.", [0, 1, 0.8], "keeps fewer"],
  ["token-cascade", "Without checks: the drafter writes while it is confident, else the expert writes that token.",
    [0, 1, 0.2]],
  ["sequential-chow", "Without checks: the drafter writes the whole answer; the expert starts over if that was unsure.",
    [0, 1, 0.1]],
];

export const rules = table.map(([name, meaning, alpha, larger]) => ({
  name,
  meaning,
  alpha: alpha && { least: alpha[0], most: alpha[1], standard: alpha[2] },
  larger: larger ?? "keeps more drafted tokens",
}));

export const ruleNamed = (name) => rules.find((rule) => rule.name === name);

/** Rules that act by a coin toss alone: at temperature 0 nothing is left to toss. */
export const needsChance = (name) => name === "lossy" || name === "ensemble";
