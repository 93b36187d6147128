#!/usr/bin/env python3
"""Writes what Jinja2 makes of the templates and expressions in a folder; the tests compare the Swift renderer with it.

    pip install jinja2==3.1.6
    python3 generate.py [folder]

The folder (by default this one) holds *.jinja, conversations.json and expressions.json; expected.json is written. The
environment is that of Hugging Face's apply_chat_template.
"""

import json
import pathlib
import sys

import jinja2
from jinja2 import ext, nodes, sandbox


class Generation(ext.Extension):
    """Hugging Face's {% generation %} block, which marks the assistant's text and prints its body."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return nodes.CallBlock(self.call_method("_print"), [], [], body).set_lineno(line)

    def _print(self, caller):
        return caller()


class Raised(Exception):
    """The template called raise_exception."""


def raise_exception(message):
    raise Raised(message)


def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(
        value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )


def environment():
    result = sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, ext.loopcontrols]
    )
    result.filters["tojson"] = tojson
    result.globals["raise_exception"] = raise_exception
    return result


def sorted_keys(value):
    """The value with the keys of all maps in order: readers of JSON do not all keep the order of a file."""
    if isinstance(value, dict):
        return {key: sorted_keys(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [sorted_keys(item) for item in value]
    return value


def variables(conversation):
    result = {
        "messages": [{"role": turn["role"], "content": turn["content"]} for turn in conversation["messages"]],
        "add_generation_prompt": conversation["add_generation_prompt"],
        "bos_token": conversation["bos_token"],
        "eos_token": conversation["eos_token"],
        "tools": None,
        "documents": None,
    }
    result.update(conversation.get("extra", {}))
    return result


def outcome(source, conversation):
    """The output, the words of raise_exception, or that there was an error."""
    try:
        return {"output": environment().from_string(source).render(**variables(conversation))}
    except Raised as raised:
        return {"raised": str(raised)}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


def main():
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parent
    conversations = sorted_keys(json.loads((folder / "conversations.json").read_text()))
    expressions = json.loads((folder / "expressions.json").read_text())
    expected = {
        "templates": {
            path.name: {
                name: outcome(path.read_text(), conversation) for name, conversation in conversations.items()
            }
            for path in sorted(folder.glob("*.jinja"))
        },
        "expressions": {
            source: outcome(source, conversations[expressions["conversation"]])
            for source in expressions["sources"]
        },
    }
    text = json.dumps(expected, indent=1, ensure_ascii=False, sort_keys=True)
    (folder / "expected.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
