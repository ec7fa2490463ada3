# SPDX-License-Identifier: BSD-3-Clause
"""Compares directors with the records; the program behind tests/oracle/compare."""
import multiprocessing
import os
import shutil
import subprocess
import sys
import time
import traceback

from . import asking, lvsd, records, registry
from .player import Player
from scenarios import generated


SECOND_TRIES = 40  # as many failed scenarios are played again; more have another reason


class Result:
    """What became of one scenario; `lines` say more."""
    PASSED, FAILED, SKIPPED, DIFFERS = 'ok', 'FAILED', 'skipped', 'differs'

    def __init__(self, name, verdict, lines=(), seconds=None):
        self.name, self.verdict, self.lines, self.seconds = name, verdict, list(lines), seconds
        self.seen = None  # the whole record of what was played, when it could be


class Report:
    """Prints results as they come, and sums them up."""

    def __init__(self, quiet=False):
        self._quiet = quiet
        self._second = []
        self._count = dict.fromkeys((Result.PASSED, Result.FAILED, Result.SKIPPED,
                                     Result.DIFFERS), 0)

    def add(self, result):
        self._count[result.verdict] += 1
        took = '' if result.seconds is None else ' (%.1f s)' % result.seconds
        print('%-8s %s%s' % (result.verdict, result.name, took))
        for line in () if self._quiet else result.lines:
            print('    ' + line)
        sys.stdout.flush()

    def again(self, name):
        """A failed scenario is not decided yet."""
        self._count[Result.FAILED] -= 1
        self._second.append(name)

    def finish(self):
        differ = self._count[Result.DIFFERS]
        if self._second:
            print('Played twice, the second try counts: ' + ' '.join(self._second))
        print('%d passed, %d failed, %d skipped%s' % (
            self._count[Result.PASSED] + differ, self._count[Result.FAILED],
            self._count[Result.SKIPPED],
            ' (%d of the passed differ as docs/differences.md says)' % differ if differ else ''))
        return 1 if self._count[Result.FAILED] else 0


class Expectation:
    """What a scenario should come out as: as the kernel does it (`recorded`), or, where lvsd
    differs on purpose, as was accepted."""

    def __init__(self, scenario, recorded, accepted):
        self.name, self.differs = scenario.name, scenario.differs
        self.recorded, self.accepted = recorded, accepted

    @property
    def likely(self):
        return self.accepted or self.recorded

    def judge(self, seen, seconds, show):
        """The result of a scenario that was played."""
        difference = records.difference(self.recorded, seen)
        if not self.differs:
            verdict, lines = Result.PASSED, []
            if difference:
                verdict, lines = Result.FAILED, difference
        elif not difference:
            verdict = Result.FAILED
            lines = ['is as the kernel does it: take the mark "%s" away' % self.differs]
        else:
            verdict, lines = Result.DIFFERS, ['docs/differences.md: ' + self.differs]
            difference = records.difference(self.accepted, seen)
            if difference:
                verdict = Result.FAILED
                lines += ['and differs from what was accepted:'] + difference
        if show:
            lines = lines + ['  ' + line for line in seen]
        return Result(self.name, verdict, lines, seconds)


# ---- lvsd ------------------------------------------------------------------------------------

def _play_to_lvsd(director, expectation, show):
    begun = time.monotonic()
    name = expectation.name
    player = Player(director, expectation.likely)
    trouble = None
    try:
        director.start()
        registry.SCENARIOS[name].play(player)
    except Exception:  # told as the scenario's failure; the others go on
        trouble = traceback.format_exc().splitlines()
    finally:
        complaint = director.stop()
    seconds = time.monotonic() - begun
    if complaint and not trouble:
        trouble = complaint.splitlines()
    if trouble:
        return Result(name, Result.FAILED, trouble, seconds)
    result = expectation.judge(player.lines, seconds, show)
    result.seen = player.lines
    return result


def _lvsd_worker(build, show, expected, names, results):
    """One process: takes names until there are none, gives back results."""
    try:
        lvsd.enter_namespace()
        director = lvsd.Lvsd(build)
    except Exception as error:  # nothing can be played here
        results.put(error)
        return
    try:
        for name in iter(names.get, None):
            results.put(_play_to_lvsd(director, expected[name], show))
    finally:
        director.close()
    results.put(None)


def compare_lvsd(build, names, expected, report, jobs, show):
    """Plays the names to lvsd, several at once; `expected` has an Expectation for each. Returns
    the results by name."""
    names_queue, results = multiprocessing.Queue(), multiprocessing.Queue()
    for name in names:
        names_queue.put(name)
    workers = [multiprocessing.Process(target=_lvsd_worker,
                                       args=(build, show, expected, names_queue, results))
               for _ in range(jobs)]
    for worker in workers:
        names_queue.put(None)
        worker.start()
    running, by_name = len(workers), {}
    while running:
        result = results.get()
        if result is None:
            running -= 1
        elif isinstance(result, Exception):
            for worker in workers:
                worker.terminate()
            raise SystemExit('cannot test lvsd here: %s' % result)
        else:
            report.add(result)
            by_name[result.name] = result
    for worker in workers:
        worker.join()
    return by_name


def need_namespaces():
    """Makes sure that network namespaces can be made: as root, or as root of a user namespace.
    Leaves the program when they cannot."""
    if os.geteuid() == 0:
        return
    command = ['unshare', '-Urn', '--']
    if shutil.which('unshare') and subprocess.run(command + ['true'], check=False,
                                                  stderr=subprocess.DEVNULL).returncode == 0:
        os.execvp('unshare', command + [sys.executable, '-B'] + sys.argv)
    print('skipped: needs root, or user namespaces (sysctl kernel.unprivileged_userns_clone)')
    sys.exit(asking.SKIP)


# ---- the kernel ------------------------------------------------------------------------------

def compare_kernel(names, seconds, report):
    """Asks the kernel again and compares with the records."""
    if seconds:
        # Every n-th, so that a sample has something of every group.
        step = 17
        names = [name for start in range(step) for name in names[start::step]]
    answer = asking.ask_kernel(names, seconds or 3000)
    for name in names:
        if name not in answer.blocks:
            continue
        difference = records.difference(_recorded([name])[name], answer.blocks[name])
        report.add(Result(name, Result.FAILED if difference else Result.PASSED,
                          difference or ()))


def _recorded(names):
    """The recorded lines by name; empty for what has no record."""
    groups = {group: records.read(group) for group in {n.split('/')[0] for n in names}}
    return {name: groups[name.split('/')[0]].get(name, []) for name in names}


def _new_random(count, seed):
    first = seed if seed is not None else int(time.time())
    print('random scenarios with the seeds %d to %d' % (first, first + count - 1))
    names = generated.add(range(first, first + count))
    return names, asking.ask_kernel(names).blocks


def _accept(names, options):
    """Has lvsd play the marked scenarios and keeps what it does."""
    report = Report(quiet=True)
    marked = [name for name in names if registry.SCENARIOS[name].differs]
    results = compare_lvsd(options.build, marked, _expectations(marked, _recorded(marked)), report,
                           1, options.show)
    accepted = {**records.read(records.ACCEPTED),
                **{name: result.seen for name, result in results.items() if result.seen}}
    records.write(records.ACCEPTED,
                  {name: accepted[name] for name, scenario in registry.SCENARIOS.items()
                   if scenario.differs and name in accepted}, 'compare --accept from lvsd')


def _expectations(names, recorded):
    accepted = records.read(records.ACCEPTED)
    return {name: Expectation(registry.SCENARIOS[name], recorded[name], accepted.get(name, []))
            for name in names}


def main(options):
    names = registry.select(options.names)
    if options.list:
        print('\n'.join(names))
        return 0
    report = Report()
    if options.kernel:
        compare_kernel(names, options.seconds, report)
        return report.finish()
    need_namespaces()
    if options.accept:
        _accept(names, options)
        return 0
    if options.random:
        names, recorded = _new_random(options.random, options.seed)
    else:
        recorded = _recorded(names)
    for name in [name for name in names if not recorded.get(name)]:
        report.add(Result(name, Result.SKIPPED, ['has no record: tests/oracle/record ' + name]))
        names.remove(name)
    jobs = max(1, min(options.jobs or os.cpu_count() or 1, len(names)))
    expectations = _expectations(names, recorded)
    results = compare_lvsd(options.build, names, expectations, report, jobs, options.show)
    failed = [name for name in names if results[name].verdict == Result.FAILED]
    if failed and jobs > 1 and len(failed) <= SECOND_TRIES:
        # What comes late on a busy machine looks like what does not come. Alone, it should.
        for name in failed:
            report.again(name)
        compare_lvsd(options.build, failed, expectations, report, 1, options.show)
    return report.finish()
