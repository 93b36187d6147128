"""Asks for answers of random JSON schemas with OpenAI's own library: each has to parse and to validate.

usage: schema_client.py http://127.0.0.1:8080 [--schemas N] [--seed N]

Half of the schemas are asked under `lossless`, half under `token-v3`, all with drafts. Ends with 1 where an answer is not of
its schema; one that its token limit cuts off does not count, and at most one in five may be so.
"""

import argparse
import concurrent.futures
import json
import random
import sys

import jsonschema
import openai

WORDS = ["name", "age", "city", "tags", "items", "price", "kind", "notes", "size", "active", "owner", "count"]


def schema(draw, depth):
    kinds = ["string", "integer", "boolean", "enum", "null", "number", "anyOf"]
    kind = draw.choice(kinds + (["object", "array"] * 2 if depth > 0 else []))
    if kind == "string":
        return draw.choice([{"type": "string", "maxLength": 12}, {"type": "string", "format": "date"}])
    if kind == "integer":
        low = draw.randint(-50, 50)
        return {"type": "integer", "minimum": low, "maximum": low + draw.randint(0, 500)}
    if kind == "enum":
        return {"enum": draw.sample(WORDS, 3) + [draw.randint(0, 9)]}
    if kind == "anyOf":
        return {"anyOf": [{"type": "boolean"}, schema(draw, 0)]}
    if kind == "array":
        return {"type": "array", "items": schema(draw, depth - 1), "minItems": 1, "maxItems": 3}
    if kind == "object":
        return whole(draw, depth - 1)
    return {"type": kind}


def whole(draw, depth):
    names = draw.sample(WORDS, draw.randint(1, 3))
    return {
        "type": "object",
        "properties": {name: schema(draw, depth) for name in names},
        "required": names[: draw.randint(1, len(names))],
        "additionalProperties": False,
    }


def ask(client, number, seed):
    draw = random.Random(f"{seed} {number}")
    form = whole(draw, 2)
    rule = {"rule": "lossless"} if number % 2 == 0 else {"rule": "token-v3", "alpha": 0.3}
    answer = client.chat.completions.create(
        model="default",
        messages=[{"role": "user", "content": f"Make up a record as JSON: {json.dumps(form)}"}],
        temperature=draw.choice([0, 1]),
        seed=number,
        max_tokens=160,
        response_format={"type": "json_schema", "json_schema": {"name": "record", "schema": form}},
        extra_body={"cascade": rule | {"num_speculative_tokens": 4}},
    )
    choice = answer.choices[0]
    if choice.finish_reason == "length":
        return None, answer.model_extra["cascade"]
    try:
        jsonschema.validate(json.loads(choice.message.content), form, format_checker=None)
    except (ValueError, jsonschema.ValidationError) as error:
        sys.exit(f"schema_client.py: seed {seed}, schema {number}: {json.dumps(form)}\n{choice.message.content}\n{error}")
    return True, answer.model_extra["cascade"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("base")
    parser.add_argument("--schemas", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    client = openai.OpenAI(base_url=f"{options.base}/v1", api_key="none", max_retries=0, timeout=600)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: ask(client, number, options.seed), range(options.schemas)))
    cut = sum(ended is None for ended, _ in answers)
    drafted, accepted = (sum(ledger[name] for _, ledger in answers) for name in ("drafted", "matched"))
    kept = sum(ledger["kept"] for _, ledger in answers)
    print(f"schemas: {len(answers) - cut} answers validate, {cut} were cut off by their limit")
    print(f"schemas: {drafted} tokens drafted, {accepted} matched, {kept} kept by the rule")
    if cut * 5 > len(answers) or drafted == 0:
        sys.exit("schema_client.py: too many were cut off, or nothing was drafted")


main()
