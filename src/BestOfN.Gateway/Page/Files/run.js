// One question and its candidates, from the first piece to the last rank. Knows nothing of how it is shown.

const flaws = new Set(["wrong_schema", "bad_tool_call", "wrong_tool_choice", "not_json", "refusal", "cut_off", "empty"]);

export class Run {
  /**
   * @param n how many candidates were asked for
   * @param answers all right answers, where the question is a sample; null where nobody knows
   */
  constructor(n, answers) {
    this.candidates = Array.from({ length: n }, (_, index) => ({ index, text: "", state: "waiting", score: null, rank: null }));
    this.answers = answers;
    this.phase = "making";
    this.report = null;
    this.strategy = null;
  }

  /** Takes in what a chunk of the stream says. Returns whether anything has changed. */
  take(chunk) {
    const told = chunk.best_of_n;
    for (const event of told?.events ?? []) {
      this.#happened(event);
    }

    if (told?.candidates) {
      this.#finish(told);
    }

    return Boolean(told);
  }

  get scored() {
    return this.candidates.filter(candidate => candidate.score !== null);
  }

  get made() {
    return this.candidates.filter(candidate => candidate.state !== "waiting" && candidate.state !== "making").length;
  }

  get winner() {
    return this.candidates.find(candidate => candidate.rank === 1);
  }

  /** What a plain proxy would have answered with. */
  get first() {
    return this.candidates.find(candidate => candidate.index === 0);
  }

  /** Score of the winner less the best of the others; null where either has none. */
  get margin() {
    const others = this.scored.filter(candidate => candidate !== this.winner).map(candidate => candidate.score);
    return others.length > 0 && this.winner?.score !== null ? this.winner.score - Math.max(...others) : null;
  }

  /** Null where it is not known. The worlds' checker allows white space around an answer and nothing else. */
  isRight(candidate) {
    return this.answers && candidate.state !== "failed" ? this.answers.includes(candidate.text.trim()) : null;
  }

  /** Candidates in the order of their ranks, those without one last. */
  inOrder() {
    return [...this.candidates].sort((a, b) => (a.rank ?? Infinity) - (b.rank ?? Infinity) || a.index - b.index);
  }

  /** What a re-ranking is asked with. */
  forRanking() {
    return this.candidates.filter(candidate => candidate.message)
      .map(({ index, score, status, finishReason, message }) => ({ index, score, status, finish_reason: finishReason, message }));
  }

  rerank({ strategy, ranking }) {
    this.strategy = strategy;
    for (const candidate of this.candidates) {
      const place = ranking.indexOf(candidate.index);
      candidate.rank = place < 0 ? null : place + 1;
    }
  }

  #happened(event) {
    const candidate = this.candidates[event.index];
    if (!candidate) {
      return;
    }

    switch (event.type) {
      case "text":
        candidate.text += event.text;
        candidate.state = "making";
        break;
      case "finished":
        candidate.state = "finished";
        candidate.finishReason = event.finish_reason;
        candidate.tokens = event.completion_tokens;
        candidate.latency = event.latency_ms;
        break;
      case "failed":
        candidate.state = "failed";
        candidate.failure = event.message;
        break;
      case "scored":
        candidate.score = event.score;
        break;
      case "ranked":
        candidate.rank = event.rank;
        break;
    }

    this.phase = this.made < this.candidates.length ? "making" : "scoring";
  }

  /** The report is the last word: at temperature 0 fewer candidates are made than were asked for, and budgets are not in the events. */
  #finish(report) {
    const before = new Map(this.candidates.map(candidate => [candidate.index, candidate]));
    this.candidates = report.candidates.map(told => {
      const known = before.get(told.index);
      const text = told.message ? textOf(told.message) : known?.text ?? "";
      return {
        index: told.index, text, score: told.score, rank: told.rank ?? null, status: told.status, finishReason: told.finish_reason,
        tokens: told.completion_tokens, latency: told.latency_ms, message: told.message, failure: known?.failure,
        reasoning: told.message?.reasoning_content ?? told.message?.reasoning,
        state: told.message ? "finished" : "failed", flaw: flaws.has(told.status) || told.status === "partial" ? told.status : null,
      };
    }).sort((a, b) => a.index - b.index);
    this.report = report;
    this.strategy = report.strategy;
    this.phase = "done";
  }
}

/** What a message says and does, as text. */
export function textOf(message) {
  const parts = Array.isArray(message.content) ? message.content.map(part => part.text ?? part.refusal ?? "") : [message.content ?? ""];
  const calls = (message.tool_calls ?? []).map(call => {
    const { name, arguments: input } = call.function ?? call.custom ?? {};
    return `${name ?? call.type}(${input ?? call.custom?.input ?? ""})`;
  });
  return [parts.join(""), message.refusal ?? "", ...calls].filter(Boolean).join("\n");
}
