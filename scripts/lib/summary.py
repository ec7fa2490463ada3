#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Counts what a run of `meson test` did, from its testlog.json: prints "PASSED FAILED SKIPPED", then
a line for every test program that skipped itself, with its reason.

A test program is counted by its own cases: its last line "N passed, N failed, N skipped", else the
cases that its output names (TAP lines, cmocka's brackets), else as one. A program that fails without naming a failed case is one failure more.
"""
import json
import re
import sys

TAP = re.compile(r"^(not )?ok\b[^#\n]*(#\s*skip)?", re.M | re.I)
TOTAL = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped", re.M)
CMOCKA = re.compile(r"^\[ +(OK|FAILED|SKIPPED) +\] (\w+)$", re.M)


def cases(text):
    """(passed, failed, skipped) of the cases that the output names."""
    total = TOTAL.findall(text)
    if total:
        return [int(n) for n in total[-1]]
    seen = {}
    for number, m in enumerate(TAP.finditer(text)):
        seen[number] = "FAILED" if m[1] else "SKIPPED" if m[2] else "OK"
    if not seen:
        for m in CMOCKA.finditer(text):
            if seen.get(m[2]) != "FAILED":
                seen[m[2]] = m[1]
    states = list(seen.values())
    return [states.count(s) for s in ("OK", "FAILED", "SKIPPED")]


def reason(test):
    """Why a program skipped itself: TAP says it after SKIP, others in their last line."""
    text = (test.get("stdout") or "").strip() or (test.get("stderr") or "").strip()
    said = re.search(r"^1\.\.0\s*#\s*skip\w*:?\s*(.*)$", text, re.M | re.I)
    last = said[1] if said else (text.splitlines() or ["no reason given"])[-1]
    return "%s: %s" % (test["name"].split(" / ")[-1], last.strip())


def main():
    total = [0, 0, 0]
    skipped = []
    for line in open(sys.argv[1], encoding="utf-8", errors="replace"):
        test = json.loads(line)
        count = cases((test.get("stdout") or "") + "\n" + (test.get("stderr") or ""))
        if test["result"] == "SKIP":
            count[2] = max(count[2], 1)
            skipped.append(reason(test))
        elif test["result"] in ("OK", "EXPECTEDFAIL"):
            count[0] += sum(count) == 0
        elif count[1] == 0:
            count[1] = 1
        total = [a + b for a, b in zip(total, count)]
    print(*total)
    for line in skipped:
        print(line)


main()
