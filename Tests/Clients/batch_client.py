"""Files and batches of a gateway through OpenAI's own library; ends with 1 at the first thing that is not as promised.

usage: batch_client.py http://127.0.0.1:8080 PROMPT ANSWER
ANSWER is what `cascade submit --max-tokens 48` said to PROMPT.
"""

import json
import sys
import time

import openai


def expect(condition, words):
    if not condition:
        sys.exit(f"batch_client.py: {words}")


def line(name, **body):
    return json.dumps(
        {"custom_id": name, "method": "POST", "url": "/v1/chat/completions", "body": {"model": "default", **body}}
    )


def upload(client, lines):
    return client.files.create(file=("input.jsonl", "\n".join(lines).encode()), purpose="batch")


def begin(client, file):
    return client.batches.create(
        input_file_id=file.id,
        endpoint="/v1/chat/completions",
        completion_window="24h",
        metadata={"from": "batch_client.py"},
    )


def wait(client, batch, *ends):
    for _ in range(600):
        batch = client.batches.retrieve(batch.id)
        if batch.status in ends:
            return batch
        time.sleep(0.2)
    sys.exit(f"batch_client.py: {batch.status} after 2 minutes")


def read(client, file):
    return [json.loads(text) for text in client.files.content(file).text.splitlines()]


def check_life(client, prompt, expected):
    ask = dict(messages=[{"role": "user", "content": prompt}], temperature=0, max_tokens=48)
    file = upload(client, [line("good", **ask), line("bad", **{**ask, "temperature": 7}), line("again", **ask)])
    expect(client.files.retrieve(file.id).filename == "input.jsonl", f"the file: {file}")
    expect(file.id in [found.id for found in client.files.list(purpose="batch")], "the file is not listed")
    batch = begin(client, file)
    expect(batch.metadata == {"from": "batch_client.py"}, f"metadata: {batch}")
    batch = wait(client, batch, "completed", "failed", "expired", "cancelled")
    counts = batch.request_counts
    expect((counts.total, counts.completed, counts.failed) == (3, 2, 1), f"counts: {batch}")
    answers = read(client, batch.output_file_id)
    expect([answer["custom_id"] for answer in answers] == ["good", "again"], f"answers: {answers}")
    for answer in answers:
        text = answer["response"]["body"]["choices"][0]["message"]["content"]
        expect(text == expected, f"a line: {text!r} instead of {expected!r}")
    (error,) = read(client, batch.error_file_id)
    expect(error["response"]["status_code"] == 400, f"the bad line: {error}")
    expect(batch.id in [found.id for found in client.batches.list(limit=5)], "the batch is not listed")
    expect(client.files.delete(file.id).deleted, "the file is not deleted")
    try:
        client.files.retrieve(file.id)
    except openai.NotFoundError:
        pass
    else:
        sys.exit("batch_client.py: a deleted file is still there")


def check_cancel(client, prompt):
    ask = dict(messages=[{"role": "user", "content": prompt}], temperature=1.5, max_tokens=1_500)
    batch = begin(client, upload(client, [line(f"{number}", **ask) for number in range(40)]))
    wait(client, batch, "in_progress")
    client.batches.cancel(batch.id)
    batch = wait(client, batch, "cancelled")
    cancelled = [found for found in read(client, batch.error_file_id) if found["error"]]
    expect(cancelled and cancelled[0]["error"]["code"] == "batch_cancelled", f"cancelled: {batch}")


def check_bad_file(client):
    batch = begin(client, upload(client, [line("one"), "no JSON", line("one")]))
    batch = wait(client, batch, "failed")
    found = [(error.line, error.code) for error in batch.errors.data]
    expect(found == [(2, "invalid_json_line"), (3, "duplicate_custom_id")], f"errors: {found}")


def main():
    base, prompt, expected = sys.argv[1:]
    client = openai.OpenAI(base_url=f"{base}/v1", api_key="none", max_retries=0, timeout=120)
    check_life(client, prompt, expected)
    check_cancel(client, prompt)
    check_bad_file(client)
    print("openai, files and batches: all as promised")


main()
