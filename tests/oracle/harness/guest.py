# SPDX-License-Identifier: BSD-3-Clause
"""Inside the kernel that run-kernel booted: plays scenarios, leaves records in a directory.

usage: guest.py DIRECTORY SECONDS      scenario names on DIRECTORY/names, one a line;
begins no new scenario after SECONDS. Tells each finished name on stdout."""
import os
import pathlib
import sys
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from harness import kernel, player, records, registry  # noqa: E402


def main():
    directory, seconds = pathlib.Path(sys.argv[1]), float(sys.argv[2])
    registry.load()
    names = (directory / 'names').read_text(encoding='utf-8').split()
    from scenarios import generated
    generated.add(int(name.rsplit('-', 1)[1]) for name in names if name not in registry.SCENARIOS)
    end = time.monotonic() + seconds
    director = kernel.Kernel()
    blocks = {}
    for name in names:
        if time.monotonic() > end:
            break
        director.start()
        play = player.Player(director)
        try:
            registry.SCENARIOS[name].play(play)
        except Exception:  # one broken scenario must not lose the others
            print('%s: %s' % (name, traceback.format_exc()), file=sys.stderr)
            return 1
        blocks[name] = play.lines
        print(name, flush=True)
    version = director.ipvsadm(['--version'])[1].split(' (')[0].split()[:2]
    (directory / 'source').write_text('Linux %s (user-mode-linux) and %s\n' % (
        os.uname().release, ' '.join(version)), encoding='utf-8')
    (directory / 'blocks').write_text(records.format_blocks(blocks), encoding='utf-8')
    return 0


sys.exit(main())
