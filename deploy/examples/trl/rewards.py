"""A reward function for TRL's GRPOTrainer (reward_funcs=[reward]): equal prompts in a row become one request with many answers."""
import itertools, json, os, urllib.request

URL = os.environ.get("REWARD_URL", "http://127.0.0.1:8080/v1/rewards")
KEY = os.environ.get("REWARD_KEY")


def reward(prompts, completions, images=None, **columns):
    rows = list(zip(prompts, completions, images or [None] * len(prompts)))
    scores = []
    for (prompt, image), group in itertools.groupby(rows, key=lambda row: (row[0], row[2])):
        messages = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt
        if image:  # a data: URI, shown before the question
            text = messages[-1]["content"]
            shown = [{"type": "image_url", "image_url": {"url": image}}, {"type": "text", "text": text}]
            messages = messages[:-1] + [{"role": "user", "content": shown}]
        answers = [c if isinstance(c, str) else c[-1]["content"] for _, c, _ in group]
        request = urllib.request.Request(URL, json.dumps({"messages": messages, "candidates": answers}).encode(),
            {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {KEY}"} if KEY else {}))
        scores += json.load(urllib.request.urlopen(request))["scores"]
    return scores
