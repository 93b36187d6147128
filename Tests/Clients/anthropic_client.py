"""Asks a gateway with Anthropic's own library; ends with 1 at the first thing that is not as promised.

usage: anthropic_client.py http://127.0.0.1:8080 PROMPT ANSWER
ANSWER is what `cascade submit --max-tokens 48` said to PROMPT.
"""

import sys
import time
import urllib.request

import anthropic

# The library has no parameter for it any more.
GREEDY = {"temperature": 0}


def expect(condition, words):
    if not condition:
        sys.exit(f"anthropic_client.py: {words}")


def running_jobs(base):
    with urllib.request.urlopen(f"{base}/metrics") as answer:
        for line in answer.read().decode().splitlines():
            if line.startswith('cascade_jobs{state="running"}'):
                return float(line.split()[-1])
    sys.exit("anthropic_client.py: /metrics has no cascade_jobs")


def check_messages(client, prompt, expected):
    ask = dict(model="default", max_tokens=48, messages=[{"role": "user", "content": prompt}], extra_body=GREEDY)
    whole = client.messages.create(**ask)
    expect(whole.type == "message" and whole.role == "assistant" and whole.model == "default", f"message: {whole}")
    expect([block.type for block in whole.content] == ["text"], f"content: {whole.content}")
    expect(whole.content[0].text == expected, f"message: {whole.content[0].text!r} instead of {expected!r}")
    expect(whole.usage.input_tokens > 0 and whole.usage.output_tokens > 0, f"usage: {whole.usage}")
    expect(whole.stop_reason in ("end_turn", "max_tokens") and whole.stop_sequence is None, f"end: {whole}")
    expect(whole.model_extra["cascade"]["rule"] == "lossless", f"cascade: {whole.model_extra}")

    names = []
    with client.messages.stream(**ask) as stream:
        for event in stream:
            names.append(event.type)
        last = stream.get_final_message()
    expect(last.content[0].text == expected, f"stream: {last.content[0].text!r} instead of {expected!r}")
    expect(last.stop_reason == whole.stop_reason, f"stream: {last.stop_reason} instead of {whole.stop_reason}")
    expect(last.usage.output_tokens == whole.usage.output_tokens, f"usage of the stream: {last.usage}")
    expect(last.usage.input_tokens == whole.usage.input_tokens, f"usage of the stream: {last.usage}")
    expect(names[:2] == ["message_start", "content_block_start"], f"events: {names}")
    expect(names[-3:] == ["content_block_stop", "message_delta", "message_stop"], f"events: {names}")


def check_ends(client, prompt, expected):
    ask = dict(model="default", messages=[{"role": "user", "content": prompt}], extra_body=GREEDY)
    short = client.messages.create(**ask, max_tokens=2)
    expect(short.stop_reason == "max_tokens" and short.usage.output_tokens == 2, f"max_tokens: {short}")
    word = expected.split()[2]
    with client.messages.stream(**ask, max_tokens=48, stop_sequences=["no such words", word]) as stream:
        stopped = stream.get_final_message()
    expect(stopped.stop_reason == "stop_sequence" and stopped.stop_sequence == word, f"stop_sequence: {stopped}")
    text = stopped.content[0].text
    expect(text == expected[: expected.index(word)], f"stop_sequence: {text!r} has {word!r}")


def check_history(client, prompt):
    answer = client.messages.create(
        model="default",
        max_tokens=16,
        system=[{"type": "text", "text": "Be brief."}],
        tools=[{"name": "tide", "description": "The tide.", "input_schema": {"type": "object"}}],
        tool_choice={"type": "none"},
        messages=[
            {"role": "user", "content": [{"type": "text", "text": prompt}]},
            {
                "role": "assistant",
                "content": [
                    {"type": "text", "text": "I look."},
                    {"type": "tool_use", "id": "toolu_1", "name": "tide", "input": {"at": "noon"}},
                ],
            },
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "low"}]},
        ],
        extra_body={"cascade": {"rule": "token-v3", "alpha": 0.4}},
    )
    ledger = answer.model_extra["cascade"]
    expect(ledger["rule"] == "token-v3" and ledger["alpha"] == 0.4, f"cascade: {ledger}")


def check_errors(client, base, prompt):
    ask = dict(model="default", max_tokens=8, messages=[{"role": "user", "content": prompt}])
    image = {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}
    tool = {"name": "tide", "input_schema": {"type": "object"}}
    for error, kind, more in [
        (anthropic.NotFoundError, "not_found_error", {"model": "gpt-4"}),
        (anthropic.BadRequestError, "invalid_request_error", {"extra_body": {"temperature": 7}}),
        (anthropic.BadRequestError, "invalid_request_error", {"max_tokens": 0}),
        (anthropic.BadRequestError, "invalid_request_error", {"tools": [tool]}),
        (anthropic.BadRequestError, "invalid_request_error", {"messages": [{"role": "user", "content": [image]}]}),
    ]:
        try:
            client.messages.create(**(ask | more))
        except error as caught:
            expect(caught.body["type"] == "error" and caught.body["error"]["type"] == kind, f"{more}: {caught.body}")
            expect(caught.body["error"]["message"], f"{more}: no message")
            expect(caught.request_id == caught.body["request_id"], f"{more}: {caught.request_id}")
        else:
            sys.exit(f"anthropic_client.py: {more} is not refused")
    stream = client.messages.create(**(ask | {"max_tokens": 2_000, "extra_body": {"temperature": 1.5}}), stream=True)
    next(iter(stream))
    stream.close()
    for _ in range(50):
        if running_jobs(base) == 0:
            return
        time.sleep(0.1)
    sys.exit("anthropic_client.py: a stream that was closed still runs after 5 s")


def check_count(client, prompt):
    ask = dict(model="default", messages=[{"role": "user", "content": prompt}])
    try:
        count = client.messages.count_tokens(**ask).input_tokens
    except anthropic.InternalServerError as caught:
        expect(caught.status_code == 501 and caught.body["error"]["message"], f"count_tokens: {caught}")
        return
    usage = client.messages.create(**ask, max_tokens=1).usage
    expect(count == usage.input_tokens, f"count_tokens: {count} instead of {usage.input_tokens}")


def main():
    base, prompt, expected = sys.argv[1:]
    client = anthropic.Anthropic(base_url=base, api_key="none", max_retries=0, timeout=120)
    check_messages(client, prompt, expected)
    check_ends(client, prompt, expected)
    check_history(client, prompt)
    check_count(client, prompt)
    check_errors(client, base, prompt)
    print("anthropic: all as promised")


main()
