// What a pool of n candidates tells about fewer of them: k candidates are a random subset of the pool, drawn without replacement.

/** C(m, k) / C(n, k): the chance that a random subset of k out of n lies within m given ones. */
function within(m, n, k) {
  let chance = 1;
  for (let i = 0; i < k; i++) {
    chance *= Math.max(0, m - i) / (n - i);
  }

  return chance;
}

/** Groups of equal scores, from the lowest; each with the numbers of its members. */
function groups(scores) {
  const order = scores.map((score, index) => ({ score, index })).sort((a, b) => a.score - b.score);
  const result = [];
  for (const { score, index } of order) {
    if (result.at(-1)?.score === score) {
      result.at(-1).members.push(index);
    } else {
      result.push({ score, members: [index] });
    }
  }

  return result;
}

/**
 * Expected value of the best-scored candidate among k, for k = 1 to n: each group of equal scores counts with the chance that the best of k
 * is in it, (C(upTo, k) - C(below, k)) / C(n, k), where `upTo` candidates score no higher and `below` score lower. Members of a group are
 * equally likely.
 */
function ofBest(scores, values) {
  const n = scores.length;
  const sorted = groups(scores);
  return scores.map((_, index) => {
    const k = index + 1;
    let below = 0;
    let expected = 0;
    for (const { members } of sorted) {
      const upTo = below + members.length;
      const mean = members.reduce((sum, member) => sum + values[member], 0) / members.length;
      expected += (within(upTo, n, k) - within(below, n, k)) * mean;
      below = upTo;
    }

    return expected;
  });
}

/** Expected best score among k = 1 to n. */
export function bestScore(scores) {
  return ofBest(scores, scores);
}

/** Chance that the best-scored among k = 1 to n is right. */
export function bestIsRight(scores, right) {
  return ofBest(scores, right.map(Number));
}

/** Chance that any among k = 1 to n is right. */
export function anyIsRight(right) {
  const n = right.length;
  const wrong = right.filter(each => !each).length;
  return right.map((_, index) => 1 - within(wrong, n, index + 1));
}
