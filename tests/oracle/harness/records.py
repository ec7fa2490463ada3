# SPDX-License-Identifier: BSD-3-Clause
"""Records: reading, writing, and comparing them with what a director did."""
import difflib
import re

from .registry import FOLDER

TITLE = '== '
ACCEPTED = 'accepted'  # the "group" of what lvsd does where it differs, as docs/differences.md says
TOLERANCE = 2  # seconds that an expiry time may differ

# "  | TCP 00:59  SYN_RECV    10.1.0.1:5001 ...": a connection and its expiry time.
_CONN = re.compile(r'^(  \| \w+ +)(\d+):(\d\d)(  .*)$')


def path_of(group):
    return FOLDER / 'records' / (group + '.txt')


def parse(text):
    """The lines of each scenario by name, and the lines before the first one."""
    head, blocks, current = [], {}, None
    for line in text.splitlines():
        if line.startswith(TITLE):
            current = blocks[line[len(TITLE):]] = []
        elif current is None:
            head.append(line)
        elif line:
            current.append(line)
    return head, blocks


def read(group):
    try:
        return parse(path_of(group).read_text(encoding='utf-8'))[1]
    except FileNotFoundError:
        return {}


def format_blocks(blocks):
    return '\n'.join(''.join(line + '\n' for line in [TITLE + name, *lines])
                     for name, lines in blocks.items())


def write(group, blocks, source):
    """`source`: the program that writes, and whom it asked."""
    head = ('# SPDX-License-Identifier: BSD-3-Clause\n'
            '# Written by tests/oracle/%s. Do not edit.\n\n' % source)
    path_of(group).write_text(head + format_blocks(blocks), encoding='utf-8')


def same(recorded, seen):
    if recorded == seen:
        return True
    a, b = _CONN.match(recorded), _CONN.match(seen)
    if not a or not b or (a[1], a[4]) != (b[1], b[4]):
        return False
    left, right = (int(m[2]) * 60 + int(m[3]) for m in (a, b))
    return abs(left - right) <= TOLERANCE


def difference(recorded, seen):
    """None when they agree; else lines that show where they do not: - recorded, + seen."""
    aligned = [r if n < len(recorded) and same(r := recorded[n], line) else line
               for n, line in enumerate(seen)]
    if aligned == recorded:
        return None
    return list(difflib.unified_diff(recorded, aligned, 'recorded', 'seen', n=3, lineterm=''))[2:]
