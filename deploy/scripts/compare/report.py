"""The tables of a comparison, in markdown, from its raw output."""

from statistics import median

# Texts that part where the two best tokens are closer than this count as equal: passes of other shapes round their sums
# otherwise, and llama.cpp's own modes have left its plain decoding over distances of 0.42.
TIE = 0.5


def number(value, digits=1):
    return "" if value is None else f"{value:.{digits}f}"


def pass_times(result, role, side):
    """Milliseconds of a pass by its rows: medians of all samples."""
    samples = {}
    for entry in result["passes"]:
        if (entry["role"], entry["side"]) == (role, side):
            for n, values in entry["samples_ms"].items():
                samples.setdefault(int(n), []).extend(values)
    return {n: median(values) for n, values in sorted(samples.items())}


def passes(result):
    """Milliseconds of passes; ratios from them."""
    rows = sorted({int(n) for entry in result["passes"] for n in entry["samples_ms"]})
    lines = [
        f"Passes, {result['threads']} threads: ms of a pass of n tokens, medians. llama.cpp computes the logits of one "
        "token of a pass, cascade of all.",
        "",
        "| | " + " | ".join(f"{n}" for n in rows) + " |",
        "|---|" + "---|" * len(rows),
    ]
    for role in ("expert", "drafter"):
        times = {side: pass_times(result, role, side) for side in ("llama.cpp", "cascade")}
        for side, by_rows in times.items():
            lines.append(f"| {role}, {side} | " + " | ".join(number(by_rows.get(n)) for n in rows) + " |")
        pairs = [(times["cascade"].get(n), times["llama.cpp"].get(n)) for n in rows]
        ratios = [number(ours / theirs, 2) if ours and theirs else "" for ours, theirs in pairs]
        lines.append(f"| {role}, cascade / llama.cpp | " + " | ".join(ratios) + " |")
    limits = [e["raw"] for e in result["passes"] if e["side"] == "cascade" and e["role"] == "expert"]
    if limits:
        bandwidth = median(raw["bandwidth_gb_per_s"] for raw in limits)
        least = limits[0]["bytes_per_pass"] / bandwidth / 1e6
        lines += ["", f"Read bandwidth {bandwidth:.1f} GB/s: a pass of the expert takes at least {least:.1f} ms."]
    return lines


def is_void(run):
    """Whether a run's text is not llama.cpp's, and not because two tokens were as good as equal."""
    return "void" in run["verdict"] and run["verdict"].get("margin", TIE) >= TIE


def agreement(runs):
    """How many texts are llama.cpp's own, and what the others are."""
    void = [run for run in runs if is_void(run)]
    ties = [run for run in runs if "differs_at" in run["verdict"] and run not in void]
    text = f"{sum(run['verdict']['same'] for run in runs)} of {len(runs)}"
    if ties:
        text += f", {len(ties)} up to a tie"
    return text + (f", **{len(void)} void**" if void else "")


def interpolated(times, rows):
    """Milliseconds of a pass of a number of rows between measured ones."""
    below, above = max(n for n in times if n <= rows), min(n for n in times if n >= rows)
    share = (rows - below) / (above - below) if above > below else 0
    return times[below] + share * (times[above] - times[below])


def of_predicted(result, runs):
    """The time behind the first token that the passes alone would take, as a share of what it took; None where they
    were not measured or this is not cascade with the default drafter. Every round takes one pass of the expert, and one
    of the drafter for each token that it drafted."""
    if not result["passes"] or any("cascade" not in run["raw"] for run in runs):
        return None
    expert, drafter = (pass_times(result, role, "cascade") for role in ("expert", "drafter"))
    predicted = 0
    for run in runs:
        rounds = len(run["tokens"]) - 1 - run["accepted"]
        drafting = min(run["raw"]["speculative_decoding"]["num_spec_steps"], rounds)
        if drafting:
            predicted += drafting * interpolated(expert, 1 + run["drafted"] / drafting)
        predicted += (rounds - drafting) * expert[1]
        predicted += run["raw"]["cascade"]["draft_sources"]["model"] * drafter[1]
    return predicted / sum(run["total_ms"] - run["first_token_ms"] for run in runs)


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
    for mode in ("cascade", "cascade, light drafter"):
        if mode in speeds:
            lines += [
                "",
                f"{mode}: {speeds[mode] / speeds[best]:.2f} times llama.cpp's best here ({best}), "
                f"{speeds[mode] / speeds['cascade, no drafts']:.2f} times itself without drafts.",
            ]
    share = of_predicted(result, modes["cascade"])
    if share:
        lines += ["", f"cascade: its passes alone, by the table above, would take {share:.2f} of the time behind the first token."]
    voids = [run for runs in modes.values() for run in runs if is_void(run)]
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
