// Shows a run: dots, cards, verdict, strategies, curves.

import { curves } from "./charts.js";
import { chip, find, make, milliseconds, number } from "./dom.js";
import { anyIsRight, bestIsRight, bestScore } from "./statistics.js";

const SHORT = 42;

const words = {
  deadline: "time ran out", token_budget: "token budget spent", candidate_failed: "a candidate failed",
  too_long_to_judge: "too long to judge", scorer_failed: "reward model failed", greedy_single: "temperature 0: one candidate is enough",
  schema_unchecked: "schema not checked", wrong_schema: "wrong schema", bad_tool_call: "bad tool call",
  wrong_tool_choice: "wrong tool choice", not_json: "not JSON", refusal: "refusal", cut_off: "cut off", empty: "empty",
  partial: "cut off", failed: "failed", cancelled: "not finished",
};

export const plain = word => words[word.split(":")[0]] ?? word.replaceAll("_", " ");

/** Draws all of a run anew. Cards keep their elements, so that text that comes in does not disturb what is being read. */
export function draw(run) {
  find("welcome").hidden = true;
  find("run").hidden = false;
  drawDots(run);
  drawFacts(run);
  drawCards(run);
  const isDone = run.phase === "done";
  for (const id of ["verdict", "charts", "rerank"]) {
    find(id).hidden = !isDone || run.candidates.length === 0 || (id === "rerank" && run.candidates.length < 2);
  }

  find("marks").replaceChildren(...(run.report?.degraded ?? []).map(word => {
    const [, index] = word.split(":");
    return chip(index === undefined ? plain(word) : `#${Number(index) + 1} ${plain(word)}`, "warn", word);
  }));
  if (isDone) {
    drawVerdict(run);
  }
}

/** Draws what depends on all candidates and does not change when they are ranked anew. */
export function drawCharts(run) {
  const pool = run.scored;
  find("charts").hidden = pool.length < 2;
  if (pool.length < 2) {
    return;
  }

  const scores = pool.map(candidate => candidate.score);
  find("score-chart").replaceChildren(...curves(
    [{ name: "expected best score", values: bestScore(scores), kind: 1 }],
    { name: "Expected best score over N", format: value => number(value, 2) }));

  const right = pool.map(candidate => run.isRight(candidate));
  find("right-figure").hidden = !run.answers;
  if (run.answers) {
    find("right-chart").replaceChildren(...curves(
      [{ name: "best score is right", values: bestIsRight(scores, right), kind: 1 },
        { name: "one of them is right", values: anyIsRight(right), kind: 2, dashed: true }],
      { name: "Right answers over N", low: 0, high: 1, format: value => `${Math.round(value * 100)} %` }));
  }
}

function stateOf(run, candidate) {
  return candidate.rank === 1 ? "win" : candidate.state === "failed" ? "failed" : candidate.score !== null ? "scored" : candidate.state;
}

function drawDots(run) {
  const dots = find("dots");
  while (dots.children.length > run.candidates.length) {
    dots.lastChild.remove();
  }

  for (const [place, candidate] of run.candidates.entries()) {
    const dot = dots.children[place] ?? dots.appendChild(make("i"));
    dot.className = stateOf(run, candidate);
  }
}

function drawFacts(run) {
  const facts = [[String(run.candidates.length), run.candidates.length === 1 ? "candidate" : "candidates"]];
  if (run.report) {
    const { timing_ms: timing, usage, reward_model: judge } = run.report;
    facts.push([milliseconds(timing.generation), "to make"]);
    if (run.scored.length > 0) {
      facts.push([milliseconds(timing.scoring), "to score"]);
    }

    if (usage.total) {
      facts.push([number(usage.total.completion_tokens, 0), "tokens"]);
    }

    if (judge) {
      facts.push([judge, "judged"]);
    }
  } else {
    facts.push([`${run.made}`, "made"], [`${run.scored.length}`, "scored"]);
  }

  find("facts").replaceChildren(...facts.map(([value, word]) => make("span", {}, make("b", {}, value), ` ${word}`)));
}

function marksOf(run, candidate) {
  const marks = [];
  const right = run.phase === "done" ? run.isRight(candidate) : null;
  if (right !== null) {
    marks.push(right
      ? chip("\u2713 right", "right", "The world's checker accepts it")
      : chip("\u2717 wrong", "wrong", "The world's checker refuses it"));
  }

  if (candidate.flaw) {
    marks.push(chip(plain(candidate.flaw), "warn", candidate.flaw));
  } else if (candidate.state === "failed") {
    marks.push(chip(plain(candidate.status ?? "failed"), "bad"));
  } else if (run.phase === "done" && candidate.score === null && run.scored.length > 0) {
    marks.push(chip("no score", "warn"));
  }

  return marks;
}

function fill(element, candidate) {
  const text = candidate.failure ?? candidate.text;
  element.className = `text${text.length <= SHORT && !text.includes("\n") && candidate.state !== "failed" ? " short" : ""}`;
  if (element.firstChild?.nodeType !== Node.TEXT_NODE) {
    element.prepend(document.createTextNode(""));
  }

  if (element.firstChild.data !== text) {
    element.firstChild.data = text;
  }
}

function drawCards(run) {
  const list = find("cards");
  const known = new Map([...list.children].map(card => [Number(card.dataset.index), card]));
  const before = new Map([...known].map(([index, card]) => [index, card.getBoundingClientRect()]));
  const scores = run.scored.map(candidate => candidate.score);
  const [low, high] = [Math.min(...scores), Math.max(...scores)];
  const cards = run.inOrder().map(candidate => {
    const card = known.get(candidate.index) ?? newCard(candidate.index);
    const part = name => card.querySelector(name);
    const state = ["failed", "making"].includes(candidate.state) ? ` ${candidate.state}` : "";
    card.className = `card panel${candidate.rank === 1 ? " winner" : ""}${state}`;
    fill(part(".text"), candidate);
    const rank = candidate.rank === 1 ? chip("winner", "rank1") : candidate.rank ? chip(`rank ${candidate.rank}`) : "";
    part(".chips").replaceChildren(...marksOf(run, candidate), rank);
    part(".score").textContent = candidate.score === null ? "" : number(candidate.score);
    part(".bar").hidden = candidate.score === null;
    const share = candidate.score === null ? 0 : high === low ? 100 : 4 + (candidate.score - low) / (high - low) * 96;
    part(".bar i").style.setProperty("--share", `${share}%`);
    part(".made").textContent = [
      candidate.tokens === undefined ? "" : `${candidate.tokens} tok`,
      candidate.latency === undefined ? "" : milliseconds(candidate.latency),
    ].filter(Boolean).join(" \u00b7 ");
    return card;
  });

  if (cards.some((card, place) => list.children[place] !== card) || list.children.length !== cards.length) {
    list.replaceChildren(...cards);
    glide(cards, before);
  }
}

function newCard(index) {
  const score = make("span", { className: "score" });
  const bar = make("span", { className: "bar", ariaHidden: "true" }, make("i"));
  const card = make("li", {},
    make("header", {}, make("h3", {}, `#${index + 1}`), make("span", { className: "chips" })),
    make("div", { className: "text", tabIndex: -1 }),
    make("footer", {}, make("span", { className: "made" }), bar, score));
  card.dataset.index = index;
  return card;
}

/** Lets cards move to their new places, unless the reader wants no motion. */
function glide(cards, before) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
    return;
  }

  for (const card of cards) {
    const old = before.get(Number(card.dataset.index));
    const now = card.getBoundingClientRect();
    if (old && (old.left !== now.left || old.top !== now.top)) {
      card.animate(
        [{ transform: `translate(${old.left - now.left}px, ${old.top - now.top}px)` }, { transform: "none" }],
        { duration: 320, easing: "ease-out" });
    }
  }
}

function drawVerdict(run) {
  const { winner, first, margin } = run;
  show("winner", run, winner);
  show("first", run, first);
  const facts = [`candidate #${winner.index + 1}`];
  if (winner.score !== null) {
    facts.push(`score ${number(winner.score)}`);
  }

  if (margin !== null) {
    facts.push(`margin ${margin >= 0 ? "+" : ""}${number(margin)} to the best of the others`);
  }

  find("winner-facts").textContent = facts.join(" \u00b7 ");
  const gain = first && first !== winner && first.score !== null && winner.score !== null ? winner.score - first.score : null;
  find("first-facts").textContent = first === winner ? "It won: a plain proxy would have said the same."
    : [`what a plain proxy would have said`, first?.score == null ? "" : `score ${number(first.score)}`,
      gain === null ? "" : `the winner has ${number(Math.abs(gain))} ${gain >= 0 ? "more" : "less"}`].filter(Boolean).join(" \u00b7 ");
}

function show(name, run, candidate) {
  const text = find(`${name}-text`);
  if (!candidate) {
    text.textContent = "";
    return;
  }

  fill(text, candidate);
  text.querySelector("details")?.remove();
  if (candidate.reasoning) {
    text.append(make("details", { className: "aside" }, make("summary", {}, "Reasoning"), String(candidate.reasoning)));
  }

  find(`${name}-marks`).replaceChildren(...marksOf(run, candidate));
}
