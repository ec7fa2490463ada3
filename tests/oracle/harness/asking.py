# SPDX-License-Identifier: BSD-3-Clause
"""Has the kernel play scenarios: boots it with run-kernel, collects what guest.py recorded."""
import pathlib
import subprocess
import sys
import tempfile
import time

from . import records
from .registry import FOLDER

SKIP = 77


class Answer:
    def __init__(self, source, blocks):
        self.source = source  # "Linux 6.1.176 (user-mode-linux) and ipvsadm v1.31"
        self.blocks = blocks


def ask_kernel(names, seconds=3000, progress=True):
    """Plays the named scenarios; those not begun after `seconds` are missing in the answer.
    Leaves the program with status 77 when the kernel's package is not installed."""
    with tempfile.TemporaryDirectory(prefix='oracle.') as directory:
        folder = pathlib.Path(directory)
        (folder / 'names').write_text('\n'.join(names), encoding='utf-8')
        child = subprocess.Popen(
            [FOLDER / 'run-kernel', '-o', directory, '-t', str(int(seconds + 120)), '--',
             sys.executable, '-B', str(FOLDER / 'harness' / 'guest.py'), directory, str(seconds)],
            stdout=subprocess.PIPE, text=True)
        begun, done = time.monotonic(), 0
        for line in child.stdout:
            done += 1
            if progress and sys.stderr.isatty():
                print('\r%4d of %d, %d s: %-50s' % (done, len(names), time.monotonic() - begun,
                                                    line.strip()), end='', file=sys.stderr)
        status = child.wait()
        if progress and sys.stderr.isatty():
            print(file=sys.stderr)
        if status == SKIP:
            sys.exit(SKIP)
        if status:
            raise SystemExit('run-kernel: exit status %d' % status)
        blocks = records.parse((folder / 'blocks').read_text(encoding='utf-8'))[1]
        source = (folder / 'source').read_text(encoding='utf-8').strip()
    return Answer(source, blocks)
