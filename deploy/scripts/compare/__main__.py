"""Measures llama.cpp and cascade on the same model files, turn by turn; started by deploy/compare."""

import argparse
import datetime
import hashlib
import json
import os
import platform
import re
import signal
import subprocess
import sys
import time

from processes import Cluster, Failed, Llama, Processes
from report import TIE, is_void, report

ROWS = [1, 2, 3, 5, 8, 16, 512]
START = time.monotonic()

LLAMA_MODES = {
    "llama.cpp": [],
    "llama.cpp, drafter, k = 3": 3,
    "llama.cpp, drafter, k = 5": 5,
    "llama.cpp, drafter, k = 8": 8,
    "llama.cpp, ngram-simple": ["--spec-type", "ngram-simple"],
    "llama.cpp, ngram-cache": ["--spec-type", "ngram-cache"],
    "llama.cpp, ngram-mod": ["--spec-type", "ngram-mod"],
}
# Options of the cluster and of its jobs.
CASCADE_MODES = {
    "cascade, no drafts": ([], ["--num-speculative-tokens", "0"]),
    "cascade": ([], []),
    "cascade, light drafter": (["--draft-vocabulary", "32768", "--draft-quantization", "q4_0"], []),
}


def say(text):
    print(f"compare [{time.monotonic() - START:.0f}s]: {text}", file=sys.stderr, flush=True)


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def first_line(arguments):
    try:
        return subprocess.run(arguments, capture_output=True, text=True).stdout.split("\n")[0]
    except FileNotFoundError:
        return None


def machine():
    """What the figures depend on besides the programs."""
    with open("/proc/cpuinfo") as file:
        cpu = file.read()
    with open("/proc/meminfo") as file:
        memory = file.read()
    flags = re.search(r"^flags\s*: (.*)", cpu, re.M)
    wanted = ("avx2", "fma", "f16c", "avx512f", "avx512_vnni", "avx512_bf16", "avx_vnni", "amx_int8")
    name = re.search(r"^model name\s*: (.*)", cpu, re.M)
    return {
        "processor": name.group(1) if name else platform.machine(),
        "features": [f for f in wanted if flags and f in flags.group(1).split()],
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(int(re.search(r"MemTotal:\s+(\d+)", memory).group(1)) / 2**20, 1),
        "kernel": platform.release(),
        "load_average_at_start": round(os.getloadavg()[0], 2),
        "compiler_of_llama_cpp": first_line(["cc", "--version"]),
    }


def check_memory(options):
    """All servers run at once and each holds its weights rearranged; with less memory than that they would swap."""
    expert, drafter = os.path.getsize(options.expert), os.path.getsize(options.drafter)
    with_drafter = sum(isinstance(extra, int) for extra in LLAMA_MODES.values())
    clusters = len(CASCADE_MODES)
    needed = (len(LLAMA_MODES) + clusters) * 1.2 * expert + (with_drafter + clusters) * 1.2 * drafter
    with open("/proc/meminfo") as file:
        available = int(re.search(r"MemAvailable:\s+(\d+)", file.read()).group(1)) * 1024
    if available < needed:
        raise Failed(f"{needed / 1e9:.0f} GB of memory are needed, {available / 1e9:.0f} are free")


def prompts(path, count):
    with open(path) as file:
        lines = [json.loads(line) for line in file]
    return [{"id": p.get("id") or p["task_id"], "prompt": p["prompt"].strip()} for p in lines[:count]]


def bench_llama(processes, options, model):
    """Milliseconds of passes of each number of rows, all samples, by llama-bench; one column of logits a pass."""
    passes = ",".join(str(n) for n in ROWS if n > 1)
    arguments = ["-m", model, "-p", passes, "-n", "32", "-t", str(options.threads), "-r", "2", "-o", "json"]
    raw = json.loads(processes.output([os.path.join(options.llama, "llama-bench"), *arguments]))
    samples = {}
    for entry in raw:
        # Generation is measured over many passes of one row.
        rows, divisor = (entry["n_prompt"], 1) if entry["n_prompt"] else (1, entry["n_gen"])
        samples[rows] = [ns / divisor / 1e6 for ns in entry["samples_ns"]]
        entry["model_filename"] = os.path.basename(entry["model_filename"])
    return {"samples_ms": samples, "raw": raw}


def bench_cascade(processes, options, model):
    """The same by `cascade bench engine`; logits for every row."""
    rows = ",".join(str(n) for n in ROWS)
    arguments = ["bench", "engine", "--model", model, "--rows", rows, "--threads", str(options.threads), "--json"]
    raw = json.loads(processes.output([options.cascade, *arguments]))
    raw["model"] = os.path.basename(raw["model"])
    return {"samples_ms": {row["rows"]: [row["ms_median"]] for row in raw["rows"]}, "raw": raw}


def measure_passes(processes, options, result):
    for turn in range(1 if options.quick else 3):
        for role in ("expert", "drafter"):
            for side, bench in (("llama.cpp", bench_llama), ("cascade", bench_cascade)):
                say(f"passes of the {role}, turn {turn + 1}, {side}")
                measured = bench(processes, options, getattr(options, role))
                result["passes"].append({"role": role, "side": side, "turn": turn, **measured})


def copied_share(prompt, answer):
    """Share of the answer's tokens that end a sequence of 4 which has occurred before: what copying could supply."""
    tokens, seen, copied = prompt + answer, set(), 0
    for end in range(4, len(tokens) + 1):
        gram = tuple(tokens[end - 4 : end])
        if end > len(prompt) and gram in seen:
            copied += 1
        seen.add(gram)
    return copied / max(1, len(answer))


def verdict(plain, prompt_tokens, reference, run):
    """Whether a run's text is llama.cpp's, and where not, whether the two best tokens were as good as equal there."""
    if run["prompt_tokens"] != len(prompt_tokens):
        return {"same": False, "void": f"{run['prompt_tokens']} prompt tokens, not {len(prompt_tokens)}"}
    ours, theirs = ([*r["tokens"], *(["end"] if r["ended"] else [])] for r in (run, reference))
    at = next((i for i, (a, b) in enumerate(zip(ours, theirs)) if a != b), None)
    if at is None:
        if len(ours) == len(theirs):
            return {"same": True}
        return {"same": False, "void": f"{len(ours)} tokens, not {len(theirs)}"}
    margin = plain.margin(prompt_tokens + reference["tokens"][:at])
    found = {"same": False, "differs_at": at, "margin": margin}
    return found if margin < TIE else {**found, "void": f"token {at} differs over a distance of {margin:.2f} nats"}


def start_servers(processes, options, result):
    """A function for each mode that measures one prompt, the plain server, and the cluster of each cascade mode."""
    check_memory(options)
    runs, plain, clusters = {}, None, {}
    for name, extra in LLAMA_MODES.items():
        if isinstance(extra, int):
            extra = ["--spec-type", "draft-simple", "--spec-draft-n-max", str(extra)]
            files = ["--spec-draft-model", options.drafter]
        else:
            files = []
        say(f"starting {name}")
        program = os.path.join(options.llama, "llama-server")
        server = Llama(processes, program, options.expert, options.threads, extra + files)
        result["modes"][name] = ["llama-server", *server.arguments[: len(server.arguments) - len(files)]]
        plain = plain or server
        runs[name] = server.run
    for name, (up, submit) in CASCADE_MODES.items():
        say(f"starting {name}")
        # A cluster for each mode: nodes keep the pages of a prompt, so on one of them the second mode would find the
        # prompt computed.
        nodes = ["--drafter", options.drafter, "--expert", options.expert, "--threads", str(options.threads), *up]
        cluster = Cluster(processes, options.cascade, nodes, submit)
        result["modes"][name] = ["cascade up", *up, "; cascade submit", *submit]
        runs[name], clusters[name] = cluster.run, cluster
    return runs, plain, clusters


def measure_decoding(processes, options, result):
    runs, plain, clusters = start_servers(processes, options, result)
    for name, run in runs.items():
        say(f"warming up {name}")
        run("def fibonacci(n):", 16)
    sets = {"HumanEval": options.humaneval, "free text": options.free_text}
    for label, path in sets.items():
        chosen = prompts(path, 3 if options.quick else 20)
        for index, item in enumerate(chosen):
            tokens = plain.tokenize(item["prompt"])
            # Every mode in turn, every other time backwards, so that a drift of the machine falls on all alike.
            order = list(runs) if index % 2 == 0 else list(reversed(runs))
            measured = {mode: runs[mode](item["prompt"], options.tokens) for mode in order}
            reference = measured["llama.cpp"]
            speeds = []
            for mode in runs:
                run = measured[mode]
                result["decoding"].append(
                    {
                        "set": label,
                        "prompt": item["id"],
                        "mode": mode,
                        **run,
                        "copied_share": copied_share(tokens, run["tokens"]),
                        "verdict": verdict(plain, tokens, reference, run),
                    }
                )
                speeds.append(f"{len(run['tokens']) / run['total_ms'] * 1000:.1f}")
            say(f"{label} {index + 1}/{len(chosen)}, tokens/s: {' '.join(speeds)}")
    # Nodes report with heartbeats, one a second.
    time.sleep(3)
    for name, cluster in clusters.items():
        result["cached_prompt_tokens"][name] = cluster.cached_tokens()


def arguments():
    parser = argparse.ArgumentParser(prog="compare")
    parser.add_argument("--llama", required=True, help="folder of llama.cpp's tools")
    for name in ("llama-version", "cascade", "drafter", "expert", "humaneval", "free-text", "output"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--tokens", type=int, required=True)
    parser.add_argument("--only", choices=["passes", "decoding"])
    parser.add_argument("--quick", action="store_true")
    return parser.parse_args()


def measure(processes, options):
    result = {
        "when": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "machine": machine(),
        "llama_cpp": f"llama-cpp-python {options.llama_version}",
        "cascade": first_line([options.cascade, "--version"]),
        "threads": options.threads,
        "tokens": options.tokens,
        "tie_below_nats": TIE,
        "models": {},
        "passes": [],
        "modes": {},
        "decoding": [],
        "cached_prompt_tokens": {},
    }
    for role in ("expert", "drafter"):
        path = getattr(options, role)
        result["models"][role] = {"name": os.path.basename(path), "sha256": sha256(path)}
        say(f"{role} of both sides: {os.path.basename(path)}, sha256 {result['models'][role]['sha256']}")
    if options.only != "decoding":
        measure_passes(processes, options, result)
    if options.only != "passes":
        measure_decoding(processes, options, result)
    return result


def main():
    if sys.argv[1:2] == ["--report"]:
        with open(sys.argv[2]) as file:
            print(report(json.load(file)))
        return 0
    options = arguments()
    processes = Processes()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        result = measure(processes, options)
    except Failed as problem:
        say(str(problem))
        return 1
    except KeyboardInterrupt:
        say("interrupted; ending what was started")
        return 130
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        processes.stop()
    os.makedirs(os.path.dirname(options.output), exist_ok=True)
    with open(options.output, "w") as file:
        json.dump(result, file, ensure_ascii=False, separators=(",", ":"))
        file.write("\n")
    say(f"raw output: {options.output}")
    print(report(result))
    return 1 if any(is_void(run) for run in result["decoding"]) else 0


sys.exit(main())
