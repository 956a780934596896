#!/usr/bin/env python3
"""The peers in Python, on the same corpus and in the same form as benches/stage.rs: a line of JSON a row.

  stage_peers.py [--rounds N] [CORPUS]

Rows: python-hl7 (PyPI `hl7`) and hl7apy (PyPI), each with SHA-256, parse and JSON. A peer that cannot be imported is
a row with "not_run". hl7apy is slow: it takes every fiftieth message, and the row says so.
"""
import argparse
import hashlib
import json
import logging
import os
import re
import statistics
import time

BESIDE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "..", "shared", "corpus")
WRAPPERS = (b"FHS", b"BHS", b"BTS", b"FTS")


def messages(folder):
    """Every message of every file, split at MSH lines; line ends are CR, as both peers want them."""
    for path, _, names in sorted(os.walk(folder)):
        for name in sorted(names):
            if name.endswith((".json", ".md", ".py")):
                continue
            with open(os.path.join(path, name), "rb") as file:
                yield from split(file.read())


def split(content):
    current = None
    for line in re.split(rb"[\r\n]+", content):
        start = line.lstrip(b" \t\x0b")
        if start.startswith(b"\xef\xbb\xbf"):
            start = start[3:]
        if not start or start.startswith(WRAPPERS):
            continue
        if start.startswith(b"MSH"):
            if current:
                yield b"\r".join(current)
            current = [start]
        elif current is not None:
            current.append(line)
    if current:
        yield b"\r".join(current)


def with_python_hl7():
    import hl7

    def stage(message):
        digest = hashlib.sha256(message).hexdigest()
        parsed = hl7.parse(message.decode("utf-8", "replace"))
        segments = []
        for segment in parsed:
            identity = str(segment[0])
            fields = {}
            for number, field in enumerate(segment[1:], 1):
                if identity == "MSH" and number <= 2:
                    fields[f"MSH-{number}.1"] = str(field)
                    continue
                for repetition, repeated in enumerate(nodes(field), 1):
                    for place, component in enumerate(nodes(repeated), 1):
                        for part, value in enumerate(nodes(component), 1):
                            if str(value):
                                key = f"{identity}-{number}" + (f"[{repetition}]" if repetition > 1 else "")
                                key += f".{place}" + (f".{part}" if part > 1 else "")
                                fields[key] = parsed.unescape(str(value))
            segments.append({"id": identity, "fields": fields})
        return json.dumps({"digest": digest, "segments": segments})

    def nodes(part):
        return part if isinstance(part, list) else [part]

    return "python-hl7 " + str(getattr(hl7, "__version__", "")), stage, 1


def with_hl7apy():
    import hl7apy
    from hl7apy.consts import VALIDATION_LEVEL
    from hl7apy.parser import parse_message

    def stage(message):
        digest = hashlib.sha256(message).hexdigest()
        text = message.decode("utf-8", "replace")
        parsed = parse_message(text, validation_level=VALIDATION_LEVEL.TOLERANT, find_groups=False)
        segments = [
            {"id": segment.name, "fields": {field.name: field.to_er7() for field in segment.children if field.name}}
            for segment in parsed.children
        ]
        return json.dumps({"digest": digest, "segments": segments})

    return "hl7apy " + str(getattr(hl7apy, "__version__", "")), stage, 50


def measure(name, stage, every, corpus, rounds):
    taken = corpus[::every]
    size = sum(map(len, taken))
    refused = 0
    seconds = []
    for _ in range(rounds):
        refused = 0
        start = time.perf_counter()
        for message in taken:
            try:
                stage(message)
            except Exception:  # a peer may refuse or fail in any way; it is counted
                refused += 1
        seconds.append(time.perf_counter() - start)
    best, median = min(seconds), statistics.median(seconds)
    row = {
        "name": name.strip() + " + JSON, with the same hash",
        "mb_per_s": round(size / 1e6 / best, 3),
        "messages_per_s": round(len(taken) / best, 1),
        "median_mb_per_s": round(size / 1e6 / median, 3),
        "refused": refused,
    }
    if every > 1:
        row["every"] = every
    print(json.dumps(row), flush=True)


def main():
    logging.disable(logging.CRITICAL)  # hl7 logs what it cannot read
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("corpus", nargs="?", default=os.environ.get("LAKE_CORPUS", BESIDE))
    given = arguments.parse_args()
    corpus = list(messages(given.corpus))
    if not corpus:
        for name in ("python-hl7", "hl7apy"):
            print(json.dumps({"name": name, "not_run": "corpus absent"}))
        return
    for load, name in ((with_python_hl7, "python-hl7"), (with_hl7apy, "hl7apy")):
        try:
            peer = load()
        except ImportError:
            print(json.dumps({"name": name, "not_run": "not installed: pip install hl7 hl7apy"}))
            continue
        measure(*peer, corpus, max(1, given.rounds))


if __name__ == "__main__":
    main()
