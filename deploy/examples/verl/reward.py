"""A reward function for verl: custom_reward_function.path=reward.py custom_reward_function.name=compute_score."""
import asyncio, json, os, urllib.request

URL = os.environ.get("REWARD_URL", "http://127.0.0.1:8080/v1/rewards")


def _ask(messages, answer):
    body = json.dumps({"messages": messages, "candidates": [answer]}).encode()
    request = urllib.request.Request(URL, body, {"Content-Type": "application/json"})
    return json.load(urllib.request.urlopen(request))["scores"][0]


async def compute_score(data_source, solution_str, ground_truth, extra_info=None, **_):
    prompt = (extra_info or {}).get("prompt") or (extra_info or {}).get("question") or data_source
    messages = prompt if isinstance(prompt, list) else [{"role": "user", "content": str(prompt)}]
    return {"score": await asyncio.to_thread(_ask, messages, solution_str)}
