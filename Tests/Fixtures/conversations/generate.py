#!/usr/bin/env python3
"""Writes what Jinja2 makes of conversations in OpenAI's shape; the tests compare the program's own prompts with it.

    pip install jinja2==3.1.6
    python3 generate.py

cases.json holds the conversations, qwen2.5-coder.jinja the chat template of Qwen2.5-Coder-0.5B-Instruct (Apache 2.0) as
it stands in its model file; expected.json is written. The environment is that of Hugging Face's apply_chat_template.
What happens to a conversation before it is that of vLLM: arguments that are text become objects, text parts are joined
by line ends, and the role developer becomes system, which is all that the template knows.
"""

import importlib.util
import json
import pathlib

FOLDER = pathlib.Path(__file__).parent


def environment():
    spec = importlib.util.spec_from_file_location("templates", FOLDER.parent / "templates" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.environment()


def turn(message):
    message = dict(message)
    if message["role"] == "developer":
        message["role"] = "system"
    if isinstance(message["content"], list):
        message["content"] = "\n".join(part["text"] for part in message["content"])
    for call in message.get("tool_calls", []):
        arguments = call["function"]["arguments"]
        if isinstance(arguments, str):
            call["function"]["arguments"] = json.loads(arguments)
    return message


def main():
    template = environment().from_string((FOLDER / "qwen2.5-coder.jinja").read_text())
    cases = json.loads((FOLDER / "cases.json").read_text())
    expected = {
        name: template.render(
            messages=[turn(message) for message in case["messages"]],
            tools=case.get("tools"),
            documents=None,
            add_generation_prompt=case.get("add_generation_prompt", True),
            bos_token="<|endoftext|>",
            eos_token="<|im_end|>",
        )
        for name, case in cases.items()
    }
    (FOLDER / "expected.json").write_text(json.dumps(expected, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
