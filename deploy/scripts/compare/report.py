"""The tables of a comparison, in markdown, from its raw output."""

from statistics import median


def number(value, digits=1):
    return "" if value is None else f"{value:.{digits}f}"


def passes(result):
    """Milliseconds of passes: medians of all samples of a side; ratios from them."""
    rows = sorted({int(n) for entry in result["passes"] for n in entry["samples_ms"]})
    lines = [
        f"Passes, {result['threads']} threads: ms of a pass of n tokens, medians. llama.cpp computes the logits of one "
        "token of a pass, cascade of all.",
        "",
        "| | " + " | ".join(f"{n}" for n in rows) + " |",
        "|---|" + "---|" * len(rows),
    ]
    for role in ("expert", "drafter"):
        times = {}
        for side in ("llama.cpp", "cascade"):
            samples = {n: [] for n in rows}
            for entry in result["passes"]:
                if (entry["role"], entry["side"]) == (role, side):
                    for n, values in entry["samples_ms"].items():
                        samples[int(n)] += values
            times[side] = {n: median(values) if values else None for n, values in samples.items()}
            cells = [number(times[side][n]) for n in rows]
            lines.append(f"| {role}, {side} | " + " | ".join(cells) + " |")
        pairs = [(times["cascade"][n], times["llama.cpp"][n]) for n in rows]
        ratios = [number(ours / theirs, 2) if ours and theirs else "" for ours, theirs in pairs]
        lines.append(f"| {role}, cascade / llama.cpp | " + " | ".join(ratios) + " |")
    limits = [e["raw"] for e in result["passes"] if e["side"] == "cascade" and e["role"] == "expert"]
    if limits:
        bandwidth = median(raw["bandwidth_gb_per_s"] for raw in limits)
        least = limits[0]["bytes_per_pass"] / bandwidth / 1e6
        lines += ["", f"Read bandwidth {bandwidth:.1f} GB/s: a pass of the expert takes at least {least:.1f} ms."]
    return lines


def agreement(runs):
    """How many texts are llama.cpp's own, and what the others are."""
    void = [run for run in runs if "void" in run["verdict"]]
    ties = [run for run in runs if "differs_at" in run["verdict"] and run not in void]
    text = f"{sum(run['verdict']['same'] for run in runs)} of {len(runs)}"
    if ties:
        text += f", {len(ties)} up to a tie"
    return text + (f", **{len(void)} void**" if void else "")


def decoding(result, label):
    """One set of prompts: whole answers, tokens per second over the sum of all."""
    modes = {}
    for run in result["decoding"]:
        if run["set"] == label:
            modes.setdefault(run["mode"], []).append(run)
    count = len(next(iter(modes.values())))
    copied = sum(run["copied_share"] for run in modes["llama.cpp"]) / count
    lines = [
        f"Whole answers, {label}, {count} prompts, greedy, at most {result['tokens']} tokens, {result['threads']} "
        f"threads. Copied tokens: {copied:.0%}. cascade's first message holds a whole round, of which the second column counts all but "
        "one token as free.",
        "",
        "| | tokens/s, prompt included | behind the first token | first token, ms | drafts accepted "
        "| text as llama.cpp's |",
        "|---|---|---|---|---|---|",
    ]
    speeds = {}
    for mode, runs in modes.items():
        tokens = sum(len(run["tokens"]) for run in runs)
        total = sum(run["total_ms"] for run in runs)
        rest = total - sum(run["first_token_ms"] for run in runs)
        drafted = sum(run["drafted"] for run in runs)
        speeds[mode] = tokens / total * 1000
        accepted = f"{sum(run['accepted'] for run in runs) / drafted:.0%} of {drafted}" if drafted else ""
        first = median(run["first_token_ms"] for run in runs)
        cells = [
            number(speeds[mode]),
            number((tokens - len(runs)) / rest * 1000),
            number(first, 0),
            accepted,
            agreement(runs),
        ]
        lines.append(f"| {mode} | " + " | ".join(cells) + " |")
    best = max((mode for mode in speeds if mode.startswith("llama.cpp")), key=speeds.get)
    ours = speeds["cascade"]
    lines += [
        "",
        f"cascade: {ours / speeds[best]:.2f} times llama.cpp's best here ({best}), "
        f"{ours / speeds['cascade, no drafts']:.2f} times itself without drafts.",
    ]
    voids = [run for runs in modes.values() for run in runs if "void" in run["verdict"]]
    lines += [f"**Void: {run['mode']}, {run['prompt']}: {run['verdict']['void']}.**" for run in voids]
    return lines


def cached(result):
    """Whether cascade computed all of every prompt, as llama.cpp did."""
    found = result.get("cached_prompt_tokens")
    if not found:
        return ["Whether cascade's nodes took tokens of prompts from their caches is not recorded."]
    if not any(found.values()):
        return ["No token of a prompt came from a cache."]
    return [f"**{mode}: {count} tokens came from its nodes' caches.**" for mode, count in found.items() if count]


def report(result):
    machine, models = result["machine"], result["models"]
    lines = [
        f"{result['when'][:10]}, {machine['processor']} ({', '.join(machine['features'])}), {machine['cores']} cores; "
        f"{result['llama_cpp']}; cascade {result['cascade']}.",
        "",
    ]
    lines += [f"- {role}: {m['name']}, sha256 {m['sha256']}" for role, m in models.items()]
    if result["passes"]:
        lines += ["", *passes(result)]
    for label in dict.fromkeys(run["set"] for run in result["decoding"]):
        lines += ["", *decoding(result, label)]
    if result["decoding"]:
        lines += ["", *cached(result)]
    return "\n".join(lines)
