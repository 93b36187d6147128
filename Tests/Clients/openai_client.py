"""Asks a gateway with OpenAI's own library, as people do; ends with 1 at the first thing that is not as promised.

usage: openai_client.py http://127.0.0.1:8080 PROMPT ANSWER
ANSWER is what `cascade submit --max-tokens 48` said to PROMPT.
"""

import json
import sys
import time
import urllib.request

import openai


def expect(condition, words):
    if not condition:
        sys.exit(f"openai_client.py: {words}")


def gauge(base, name):
    with urllib.request.urlopen(f"{base}/metrics") as answer:
        for line in answer.read().decode().splitlines():
            if line.startswith(name):
                return float(line.split()[-1])
    sys.exit(f"openai_client.py: /metrics has no {name}")


def check_chat(client, prompt, expected):
    ask = dict(model="default", messages=[{"role": "user", "content": prompt}], temperature=0, max_tokens=48)
    whole = client.chat.completions.create(**ask)
    choice = whole.choices[0]
    expect(choice.message.content == expected, f"chat: {choice.message.content!r} instead of {expected!r}")
    expect(whole.usage.completion_tokens > 0 and whole.usage.prompt_tokens > 0, f"usage: {whole.usage}")
    expect(whole.model_extra["cascade"]["rule"] == "lossless", f"cascade: {whole.model_extra}")
    expect("speculative_decoding" in whole.model_extra["metrics"], f"metrics: {whole.model_extra}")

    text, usage, reason = "", None, None
    for piece in client.chat.completions.create(**ask, stream=True, stream_options={"include_usage": True}):
        for part in piece.choices:
            text += part.delta.content or ""
            reason = part.finish_reason or reason
        usage = piece.usage or usage
    expect(text == expected, f"stream: {text!r} instead of {expected!r}")
    expect(reason == choice.finish_reason, f"stream: {reason} instead of {choice.finish_reason}")
    expect(usage.completion_tokens == whole.usage.completion_tokens, f"usage of the stream: {usage}")
    return whole


def check_rules(client, prompt):
    answer = client.chat.completions.create(
        model="default",
        messages=[{"role": "system", "content": "Be brief."}, {"role": "user", "content": prompt}],
        temperature=0,
        max_completion_tokens=32,
        extra_body={"cascade": {"rule": "token-v3", "alpha": 0.4, "num_speculative_tokens": 4}},
    )
    ledger = answer.model_extra["cascade"]
    expect(ledger["rule"] == "token-v3" and ledger["alpha"] == 0.4, f"cascade: {ledger}")
    expert = client.chat.completions.create(
        model="default/expert", messages=[{"role": "user", "content": prompt}], temperature=0, max_tokens=16
    )
    expect(expert.model_extra["cascade"]["drafted"] == 0, f"the expert alone: {expert.model_extra}")


def check_samples(client, prompt):
    # By shared random numbers: then bytes do not depend on how many tokens each round drafted.
    coupled = {"cascade": {"verify_method": "coupled"}}
    ask = dict(model="default", prompt=prompt, temperature=1.0, max_tokens=24, n=2, seed=7, extra_body=coupled)
    first, second = (client.completions.create(**ask) for _ in range(2))
    texts = [choice.text for choice in first.choices]
    expect(len(texts) == 2 and texts[0] != texts[1], f"two samples: {texts}")
    expect(texts == [choice.text for choice in second.choices], "the same seed gives other samples")
    expect([choice.index for choice in first.choices] == [0, 1], "the samples' indices")
    stopped = client.completions.create(model="default", prompt="1 2 3 4 5", temperature=0, max_tokens=24, stop=["9"])
    expect("9" not in stopped.choices[0].text, f"stop: {stopped.choices[0].text!r}")


def check_logprobs(client, prompt):
    for rule in ({"rule": "lossless"}, {"rule": "token-v3", "alpha": 0.5}):
        answer = client.chat.completions.create(
            model="default",
            messages=[{"role": "user", "content": prompt}],
            temperature=0,
            max_tokens=24,
            logprobs=True,
            top_logprobs=5,
            extra_body={"cascade": rule},
        )
        content = answer.choices[0].logprobs.content
        expect(len(content) == answer.usage.completion_tokens, f"{len(content)} logprobs: {answer.usage}")
        for token in content:
            expect(token.logprob <= 0 and len(token.top_logprobs) == 5, f"logprobs: {token}")
            best = token.top_logprobs[0].logprob
            expect(best >= token.logprob, f"a token above the likeliest: {token}")
            if rule["rule"] == "lossless":
                expect(best == token.logprob, f"greedy, and not the likeliest: {token}")


def check_penalties(client):
    prompt = "Repeat the word sea twenty times."
    ask = dict(model="default", messages=[{"role": "user", "content": prompt}], temperature=0, max_tokens=24)
    plain = client.chat.completions.create(**ask)
    first = client.chat.completions.create(**ask, logprobs=True).choices[0]
    expect(first.message.content == plain.choices[0].message.content, "logprobs change the answer")
    ask |= dict(frequency_penalty=2, presence_penalty=2)
    harsh = client.chat.completions.create(**ask)
    again = client.chat.completions.create(**ask, extra_body={"cascade": {"num_speculative_tokens": 0}})
    expect(harsh.choices[0].message.content != plain.choices[0].message.content, "penalties change nothing")
    expect(harsh.choices[0].message.content == again.choices[0].message.content, "drafts change a penalised answer")


WEATHER = {
    "name": "get_weather",
    "description": "Get the current weather in a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


def check_tools(client):
    messages = [{"role": "user", "content": "What is the weather in Paris right now? Use the tool."}]
    ask = dict(model="default", temperature=0, max_tokens=64, tools=[{"type": "function", "function": WEATHER}])
    choice = client.chat.completions.create(**ask, messages=messages).choices[0]
    expect(choice.finish_reason == "tool_calls" and choice.message.tool_calls, f"no call: {choice}")
    call = choice.message.tool_calls[0]
    expect(call.function.name == "get_weather", f"the call: {call}")
    expect(json.loads(call.function.arguments) == {"city": "Paris"}, f"arguments: {call}")
    told = {}
    for piece in client.chat.completions.create(**ask, messages=messages, stream=True):
        for part in piece.choices[0].delta.tool_calls or []:
            told[part.index] = (part.function.name, part.function.arguments)
    expect(told == {0: (call.function.name, call.function.arguments)}, f"the call in a stream: {told}")
    messages += [choice.message, {"role": "tool", "tool_call_id": call.id, "content": "17 degrees, light rain"}]
    # A small model that is shown the tools again calls again.
    answer = client.chat.completions.create(**ask, messages=messages, tool_choice="none").choices[0]
    expect("17" in (answer.message.content or ""), f"the answer to the tool's result: {answer}")


def check_errors(client, base, prompt):
    ask = dict(messages=[{"role": "user", "content": prompt}])
    for error, more in [
        (openai.NotFoundError, {"model": "gpt-4"}),
        (openai.BadRequestError, {"model": "default", "temperature": 7}),
        (openai.BadRequestError, {"model": "default", "extra_body": {"cascade": {"rule": "no-such"}}}),
    ]:
        try:
            client.chat.completions.create(**ask, **more)
        except error as caught:
            expect(caught.body and caught.body.get("message"), f"{more}: no message")
        else:
            sys.exit(f"openai_client.py: {more} is not refused")
    stream = client.chat.completions.create(**ask, model="default", max_tokens=2_000, temperature=1.5, stream=True)
    next(iter(stream))
    stream.close()
    for _ in range(50):
        if gauge(base, "cascade_jobs{state=\"running\"}") == 0:
            return
        time.sleep(0.1)
    sys.exit("openai_client.py: a stream that was closed still runs after 5 s")


def main():
    base, prompt, expected = sys.argv[1:]
    client = openai.OpenAI(base_url=f"{base}/v1", api_key="none", max_retries=0, timeout=120)
    names = [model.id for model in client.models.list()]
    expect("default" in names and "default/expert" in names, f"models: {names}")
    check_chat(client, prompt, expected)
    check_rules(client, prompt)
    check_samples(client, prompt)
    check_logprobs(client, prompt)
    check_penalties(client)
    check_tools(client)
    check_errors(client, base, prompt)
    print("openai: all as promised")


main()
