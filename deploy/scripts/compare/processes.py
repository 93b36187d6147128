"""Programs that the comparison starts, and what it asks them."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request


class Failed(Exception):
    """Something that the user has to know ends the comparison."""


class Processes:
    """Everything that was started and has not ended, so that it can be ended whatever happens."""

    def __init__(self):
        self.running = []
        self.logs = tempfile.TemporaryDirectory(prefix="cascade-compare-")

    def start(self, name, arguments):
        """Starts a program out of reach of the terminal's Ctrl-C; its output goes to a log."""
        log = open(os.path.join(self.logs.name, f"{len(os.listdir(self.logs.name))}.log"), "w+b")
        process = subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
        process.name, process.log = name, log
        self.running.append(process)
        return process

    def output(self, arguments, text=""):
        """Runs a program to its end; its standard output."""
        process = subprocess.Popen(
            arguments,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.running.append(process)
        out, err = process.communicate(text)
        self.running.remove(process)
        if process.returncode != 0:
            raise Failed(f"{os.path.basename(arguments[0])} exited with {process.returncode}: {err.strip()[-800:]}")
        return out

    def wait_until(self, process, ready, seconds):
        """Waits until `ready()` holds."""
        deadline = time.monotonic() + seconds
        while not ready():
            if process.poll() is not None or time.monotonic() > deadline:
                process.log.seek(0)
                tail = process.log.read().decode(errors="replace")[-1500:]
                raise Failed(f"{process.name} did not become ready: {tail}")
            time.sleep(0.1)

    def stop(self):
        """Ends what still runs, gently first."""
        for process in self.running:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + 10
        for process in self.running:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                # The whole session: what it started goes with it.
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        self.running = []
        self.logs.cleanup()


def free_port():
    """A port of this host that nobody listens at."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Llama:
    """llama-server with one way of speculating."""

    def __init__(self, processes, program, model, threads, extra):
        self.url = f"http://127.0.0.1:{free_port()}"
        self.arguments = ["--threads", str(threads), "--ctx-size", "2048", "--parallel", "1", *extra]
        # No prompt cache: every request computes its whole prompt. So does a cluster that gets each prompt once.
        fixed = ["--model", model, "--host", "127.0.0.1", "--port", self.url.rsplit(":", 1)[1], "--cache-ram", "0"]
        self.process = processes.start("llama-server", [program, *fixed, *self.arguments])
        processes.wait_until(self.process, self.is_ready, 300)

    def is_ready(self):
        try:
            return self.get("/health").get("status") == "ok"
        except (OSError, urllib.error.URLError):
            return False

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=600) as answer:
            return json.load(answer)

    def post(self, path, body):
        data = json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=600) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise Failed(f"llama-server: {error.read().decode(errors='replace')[:500]}") from error

    def tokenize(self, text):
        return self.post("/tokenize", {"content": text, "add_special": True, "parse_special": True})["tokens"]

    def complete(self, prompt, count, probabilities=0):
        """Greedy continuation; `prompt` is text or tokens."""
        greedy = {"temperature": 0, "samplers": ["top_k"], "top_k": 1}
        return self.post(
            "/completion",
            {
                "prompt": prompt,
                "n_predict": count,
                "cache_prompt": False,
                "return_tokens": True,
                "n_probs": probabilities,
                **greedy,
            },
        )

    def margin(self, tokens):
        """Distance of the two likeliest tokens behind `tokens`, in nats."""
        top = self.complete(tokens, 1, probabilities=2)["completion_probabilities"][0]["top_logprobs"]
        return top[0]["logprob"] - top[1]["logprob"]

    def run(self, prompt, count):
        """One measured answer."""
        answer = self.complete(prompt, count)
        times = answer["timings"]
        return {
            "prompt_tokens": answer["tokens_evaluated"],
            "tokens": answer["tokens"],
            "ended": answer["stop_type"] == "eos",
            "total_ms": times["prompt_ms"] + times["predicted_ms"],
            "first_token_ms": times["prompt_ms"],
            "drafted": times.get("draft_n", 0),
            "accepted": times.get("draft_n_accepted", 0),
            "raw": {"timings": times, "stop_type": answer["stop_type"]},
        }


class Cluster:
    """`cascade up`: coordinator, drafter and expert; with one set of options for its nodes and one for jobs."""

    def __init__(self, processes, program, nodes, extra):
        self.processes, self.program, self.extra = processes, program, extra
        self.endpoint = f"tcp://127.0.0.1:{free_port()}"
        self.process = processes.start("cascade up", [program, "up", *nodes, "--endpoint", self.endpoint])
        processes.wait_until(self.process, self.is_ready, 300)

    def is_ready(self):
        health = [self.program, "health", "--nodes", "--endpoint", self.endpoint]
        return subprocess.run(health, capture_output=True).returncode == 0

    def cached_tokens(self):
        """Tokens that its nodes took from their caches instead of computing them, since they started."""
        nodes = self.processes.output([self.program, "nodes", "--json", "--endpoint", self.endpoint])
        return sum(node["prefix_cache_hit_tokens"] for node in json.loads(nodes))

    def run(self, prompt, count):
        """One measured answer."""
        options = ["--json", "--raw", "--rule", "lossless", "--temperature", "0", "--max-tokens", str(count)]
        arguments = [self.program, "submit", *options, "--endpoint", self.endpoint, *self.extra, "-"]
        answer = json.loads(self.processes.output(arguments, prompt))
        # The tokens are enough.
        del answer["text"]
        speculation = answer["speculative_decoding"]
        return {
            "prompt_tokens": answer["usage"]["prompt_tokens"],
            "tokens": answer.pop("tokens"),
            "ended": answer["finish_reason"] != "length",
            "total_ms": answer["timing"]["total_ms"],
            "first_token_ms": answer["timing"]["first_token_ms"],
            "drafted": speculation["num_draft_tokens"],
            "accepted": speculation["num_accepted_draft_tokens"],
            "raw": answer,
        }
