"""Asks a gateway for responses with OpenAI's own library; ends with 1 at the first thing that is not as promised.

usage: responses_client.py http://127.0.0.1:8080 PROMPT ANSWER
ANSWER is what `cascade submit --max-tokens 48` said to PROMPT.
"""

import sys
import time
import urllib.request

import openai


def expect(condition, words):
    if not condition:
        sys.exit(f"responses_client.py: {words}")


def running_jobs(base):
    with urllib.request.urlopen(f"{base}/metrics") as answer:
        for line in answer.read().decode().splitlines():
            if line.startswith('cascade_jobs{state="running"}'):
                return float(line.split()[-1])
    sys.exit("responses_client.py: /metrics has no cascade_jobs")


def check_responses(client, prompt, expected):
    ask = dict(model="default", input=prompt, max_output_tokens=48, temperature=0)
    whole = client.responses.create(**ask)
    expect(whole.output_text == expected, f"response: {whole.output_text!r} instead of {expected!r}")
    expect(whole.status in ("completed", "incomplete") and whole.error is None, f"response: {whole}")
    expect(whole.usage.input_tokens > 0 and whole.usage.output_tokens > 0, f"usage: {whole.usage}")
    expect(whole.usage.output_tokens_details.reasoning_tokens == 0, f"usage: {whole.usage}")
    expect(whole.model_extra["cascade"]["rule"] == "lossless", f"cascade: {whole.model_extra}")
    expect(whole.model_extra["store"] is False, "store is not false")

    text, numbers, names = "", [], []
    for event in client.responses.create(**ask, stream=True):
        names.append(event.type)
        numbers.append(event.sequence_number)
        if event.type == "response.output_text.delta":
            text += event.delta
    expect(text == expected, f"stream: {text!r} instead of {expected!r}")
    expect(numbers == list(range(len(numbers))), f"sequence numbers: {numbers}")
    opening = ["response.created", "response.in_progress", "response.output_item.added", "response.content_part.added"]
    ending = ["response.output_text.done", "response.content_part.done", "response.output_item.done"]
    expect(names[:4] == opening and names[-4:-1] == ending, f"events: {names}")
    expect(names[-1] == f"response.{whole.status}", f"the last event: {names[-1]}")
    expect(event.response.output_text == expected, f"the last event: {event.response}")

    with client.responses.stream(**ask) as stream:
        for _ in stream:
            pass
        if whole.status == "completed":
            expect(stream.get_final_response().output_text == expected, "the helper's text")


def check_ends(client, prompt):
    short = client.responses.create(model="default", input=prompt, max_output_tokens=2)
    expect(short.status == "incomplete", f"status: {short.status}")
    expect(short.incomplete_details.reason == "max_output_tokens", f"details: {short.incomplete_details}")


def check_history(client, prompt):
    answer = client.responses.create(
        model="default",
        instructions="Be brief.",
        max_output_tokens=16,
        input=[
            {"role": "user", "content": [{"type": "input_text", "text": prompt}]},
            {"type": "function_call", "call_id": "call_1", "name": "tide", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "call_1", "output": "low"},
        ],
        reasoning={"effort": "low"},
        store=True,
        metadata={"made": "here"},
        extra_body={"cascade": {"rule": "token-v3", "alpha": 0.4}},
    )
    expect(answer.model_extra["cascade"]["rule"] == "token-v3", f"cascade: {answer.model_extra}")
    expect(answer.instructions == "Be brief." and answer.metadata == {"made": "here"}, f"echo: {answer}")


def check_errors(client, base, prompt):
    ask = dict(model="default", input=prompt)
    for error, more in [
        (openai.NotFoundError, {"model": "gpt-4"}),
        (openai.BadRequestError, {"temperature": 7}),
        (openai.BadRequestError, {"previous_response_id": "resp_1"}),
        (openai.BadRequestError, {"background": True}),
        (openai.BadRequestError, {"truncation": "auto"}),
        (openai.BadRequestError, {"tools": [{"type": "web_search"}]}),
    ]:
        try:
            client.responses.create(**(ask | more))
        except error as caught:
            expect(caught.body and caught.body.get("message"), f"{more}: no message")
        else:
            sys.exit(f"responses_client.py: {more} is not refused")
    stream = client.responses.create(**ask, max_output_tokens=2_000, temperature=1.5, stream=True)
    next(iter(stream))
    stream.close()
    for _ in range(50):
        if running_jobs(base) == 0:
            return
        time.sleep(0.1)
    sys.exit("responses_client.py: a stream that was closed still runs after 5 s")


def main():
    base, prompt, expected = sys.argv[1:]
    client = openai.OpenAI(base_url=f"{base}/v1", api_key="none", max_retries=0, timeout=120)
    check_responses(client, prompt, expected)
    check_ends(client, prompt)
    check_history(client, prompt)
    check_errors(client, base, prompt)
    print("responses: all as promised")


main()
