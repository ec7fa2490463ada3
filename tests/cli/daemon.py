# SPDX-License-Identifier: BSD-3-Clause
"""An lvsd for tests of its command line: conf/null.yaml, a socket of its own, no network."""
import ctypes
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
CONFIG = HERE.parents[1] / 'conf' / 'null.yaml'
START_LIMIT = 30.0  # seconds that lvsd may take to answer
STOP_LIMIT = 10.0

_CLONE_NEWNET, _CLONE_NEWUSER = 0x40000000, 0x10000000
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def without_network():
    """Gives this process an empty network namespace where that is allowed: host names are then
    not found at once, whatever the machine's resolver is. Best effort."""
    uid, gid = os.geteuid(), os.getegid()
    os.environ['LC_ALL'] = 'C'
    os.environ['RES_OPTIONS'] = 'timeout:1 attempts:1'
    if _libc.unshare(_CLONE_NEWNET if uid == 0 else _CLONE_NEWNET | _CLONE_NEWUSER):
        return
    if uid == 0:
        return
    for name, text in (('setgroups', 'deny'), ('uid_map', '%d %d 1' % (uid, uid)),
                       ('gid_map', '%d %d 1' % (gid, gid))):
        with open('/proc/self/' + name, 'w', encoding='ascii') as file:
            file.write(text)


def die_with_parent():
    """In a child before it starts: a test that is killed leaves nothing behind."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Folder:
    """A temporary folder with the names of the command line and complete.sh, first on PATH, and
    LVSD_SOCKET in the environment."""

    def __init__(self, build):
        lvsadm = pathlib.Path(build).resolve() / 'lvsadm'
        if not lvsadm.exists():
            print('%s is not built' % lvsadm)
            sys.exit(77)
        self.path = pathlib.Path(tempfile.mkdtemp(prefix='lvsd-cli.'))
        for name in ('lvsadm', 'ipvsadm', 'ipvsadm-save', 'ipvsadm-restore'):
            (self.path / name).symlink_to(lvsadm)
        (self.path / 'complete.sh').symlink_to(HERE / 'complete.sh')
        self.socket = self.path / 'lvsd.sock'
        os.environ['PATH'] = '%s:%s' % (self.path, os.environ['PATH'])
        os.environ['LVSD_SOCKET'] = str(self.socket)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)


class Daemon(Folder):
    """lvsd runs as long as this is entered."""

    def __init__(self, build):
        super().__init__(build)
        self._lvsd = pathlib.Path(build).resolve() / 'lvsd'
        self._log = self.path / 'log'
        self._process = None

    def __enter__(self):
        try:
            with open(self._log, 'wb') as log:
                self._process = subprocess.Popen(
                    [self._lvsd, '--config', CONFIG, '--socket', self.socket],
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=die_with_parent)
            self._wait_until_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self._process and self.alive():
            self._process.terminate()
            try:
                self._process.wait(STOP_LIMIT)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        super().__exit__()

    def _wait_until_ready(self):
        end = time.monotonic() + START_LIMIT
        while subprocess.run(['ipvsadm', '-C'], capture_output=True, check=False).returncode:
            if not self.alive():
                raise SystemExit('lvsd ended with status %d\n%s' % (self._process.returncode,
                                                                    self.log()))
            if time.monotonic() > end:
                raise SystemExit('lvsd does not answer\n' + self.log())
            time.sleep(0.02)

    def alive(self):
        return self._process.poll() is None

    def log(self):
        return self._log.read_text(errors='replace')
