// The first view: a question, its candidates, and what became of them.

import { ApiError, call, events, read } from "./api.js";
import { add, attachments, parts, replace } from "./attachments.js";
import { find, make, number } from "./dom.js";
import { draw, drawCharts } from "./results.js";
import { Run } from "./run.js";

const families = {
  "pair": "Sum", "route": "Route", "order": "Order", "reading": "Number", "counting": "Dots", "position": "Field", "frame-sum": "Sum",
  "frame-order": "Path",
};
const worlds = { "pocket-text": "Text", "pocket-image": "Picture", "pocket-video": "Video" };

let facts = { models: [], strategies: [] };
let sample = null;
let run = null;
let stopping = null;
let askKey = () => {};

/** @param onMissingKey opens the dialog for a key and comes back when one was given */
export async function start(onMissingKey) {
  askKey = onMissingKey;
  find("ask").addEventListener("submit", event => {
    event.preventDefault();
    ask();
  });
  find("stop").addEventListener("click", () => stopping?.abort());
  find("question").addEventListener("input", () => sample = null);
  find("model").addEventListener("change", showModel);
  find("candidates").addEventListener("input", () => find("candidates-value").textContent = find("candidates").value);
  find("clear").addEventListener("click", () => {
    find("question").value = "";
    sample = null;
    replace([]);
    find("question").focus();
  });
  find("try").addEventListener("click", () => {
    document.querySelector(".sample-row button")?.click();
    ask();
  });
  find("attach").addEventListener("click", () => find("file").click());
  find("file").addEventListener("change", async () => {
    await take(find("file").files);
    find("file").value = "";
  });
  document.addEventListener("keydown", event => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !find("playground").hidden) {
      event.preventDefault();
      ask();
    } else if (event.key === "Escape" && stopping) {
      stopping.abort();
    }
  });
  startDropping();
  await Promise.all([loadFacts(), loadSamples()]);
}

function startDropping() {
  const drop = find("drop");
  for (const name of ["dragover", "drop"]) {
    document.addEventListener(name, event => event.preventDefault()); // else the browser would show the file in place of the page
  }

  document.addEventListener("dragover", () => drop.classList.add("over"));
  document.addEventListener("dragleave", event => event.relatedTarget ?? drop.classList.remove("over"));
  document.addEventListener("drop", event => {
    drop.classList.remove("over");
    take(event.dataTransfer.files);
  });
  document.addEventListener("paste", event => {
    if (event.clipboardData.files.length > 0) {
      event.preventDefault();
      take(event.clipboardData.files);
    }
  });
}

async function take(files) {
  sample = null;
  tell(await add(files));
}

/** Reads what can be chosen. */
export async function loadFacts() {
  try {
    facts = await read("page/facts");
  } catch (error) {
    report(error, loadFacts);
    return;
  }

  tell("");
  const model = find("model");
  const chosen = model.value;
  model.replaceChildren(...facts.models.map(({ name, state }) =>
    make("option", { value: name }, state === "ready" ? name : `${name} (${state})`)));
  if (facts.models.some(({ name }) => name === chosen)) {
    model.value = chosen;
  } else {
    showModel();
  }

  find("strategies").replaceChildren(...facts.strategies.map(({ name }) => {
    const input = make("input", { type: "radio", name: "rerank", value: name });
    input.addEventListener("change", () => rerank(name));
    return make("label", {}, input, name.replaceAll("_", " "));
  }));
  if (facts.models.some(({ state }) => state === "loading")) {
    setTimeout(loadFacts, 1500);
  }
}

function showModel() {
  const model = facts.models.find(({ name }) => name === find("model").value);
  if (!model) {
    return;
  }

  find("candidates").max = model.most_candidates;
  find("candidates").value = model.candidates;
  find("candidates-value").textContent = find("candidates").value;
  find("strategy").replaceChildren(...facts.strategies.map(({ name, needs_scores: needsScores }) =>
    make("option", { value: name, disabled: needsScores && !model.reward_model }, name.replaceAll("_", " "))));
  find("strategy").value = model.strategy;
  find("attach").disabled = !model.reads_pictures;
}

async function loadSamples() {
  const samples = await read("page/samples.json");
  const rows = Map.groupBy(samples, ({ world }) => world);
  for (const [world, problems] of rows) {
    const row = make("div", { className: "sample-row" }, make("span", {}, worlds[world] ?? world));
    for (const [family, questions] of Map.groupBy(problems, problem => problem.family)) {
      const button = make("button", { type: "button", className: "small" }, families[family] ?? family);
      let next = 0;
      button.addEventListener("click", () => {
        choose(questions[next]);
        next = (next + 1) % questions.length;
      });
      row.append(button);
    }

    find("samples").append(row);
  }
}

function choose(problem) {
  find("question").value = problem.question;
  replace([
    ...problem.picture ? [{ kind: "picture", url: problem.picture }] : [], ...problem.video ? [{ kind: "video", url: problem.video }] : [],
  ]);
  sample = problem;
  find("status").textContent = "Press Ask.";
}

function request() {
  const question = find("question").value.trim();
  const seen = parts();
  const temperature = find("temperature").value;
  const seed = find("seed").value;
  return {
    model: find("model").value,
    messages: [{ role: "user", content: seen.length === 0 ? question : [...seen, ...question ? [{ type: "text", text: question }] : []] }],
    stream: true,
    ...temperature === "" ? {} : { temperature: Number(temperature) },
    ...seed === "" ? {} : { seed: Number(seed) },
    best_of_n: { n: Number(find("candidates").value), strategy: find("strategy").value, return: "live" },
  };
}

async function ask() {
  if (stopping) {
    return;
  }

  if (!find("question").value.trim() && attachments().length === 0) {
    tell("There is no question yet.");
    find("question").focus();
    return;
  }

  const body = request();
  const current = run = new Run(body.best_of_n.n, sample?.answers ?? null);
  tell("");
  say(`Asking ${body.model} for ${body.best_of_n.n} ${body.best_of_n.n === 1 ? "answer" : "answers"}\u2026`);
  find("cards").replaceChildren();
  draw(current);
  working(new AbortController());
  if (matchMedia("(max-width: 880px)").matches) {
    find("status").scrollIntoView({ block: "start" });
  }

  let pending = 0;
  try {
    const response = await call("v1/chat/completions", { json: body, signal: stopping.signal });
    for await (const chunk of events(response)) {
      if (current.take(chunk)) {
        pending ||= requestAnimationFrame(() => {
          pending = 0;
          draw(current);
        });
      }
    }

    cancelAnimationFrame(pending);
    draw(current);
    drawCharts(current);
    showStrategies(current);
    const { winner } = current;
    const score = winner?.score == null ? "" : ` with the score ${number(winner.score)}`;
    say(winner ? `Candidate ${winner.index + 1} won${score}.` : "There is no answer.");
  } catch (error) {
    cancelAnimationFrame(pending);
    current.phase = "ended";
    if (error.name === "AbortError") {
      say("Stopped.");
      draw(current);
    } else {
      say("");
      find("run").hidden = current.made === 0;
      report(error, ask);
    }
  } finally {
    working(null);
  }
}

function working(controller) {
  stopping = controller;
  find("submit").disabled = Boolean(controller);
  find("stop").hidden = !controller;
}

function showStrategies(current) {
  for (const input of find("strategies").querySelectorAll("input")) {
    input.checked = input.value === current.strategy;
    input.disabled = current.scored.length === 0 && facts.strategies.find(({ name }) => name === input.value).needs_scores;
  }
}

/** The gateway orders the candidates that are already there; nothing is generated. */
async function rerank(strategy) {
  const current = run;
  try {
    const ranking = await read("page/rank", { json: { strategy, candidates: current.forRanking() } });
    if (current === run) {
      current.rerank(ranking);
      draw(current);
      say(`By ${strategy.replaceAll("_", " ")}, candidate ${current.winner.index + 1} wins.`);
    }
  } catch (error) {
    showStrategies(current);
    report(error, () => rerank(strategy));
  }
}

function report(error, again) {
  if (error instanceof ApiError && error.status === 401) {
    askKey("", again);
    return;
  }

  tell(error instanceof ApiError ? error.message : `The page failed: ${error.message}`);
}

function tell(problem) {
  find("problem").textContent = problem;
  find("problem").hidden = !problem;
}

function say(words) {
  find("status").textContent = words;
}
