# SPDX-License-Identifier: BSD-3-Clause
"""The scenarios there are, by name: GROUP/NAME. A group's records are records/GROUP.txt."""
import fnmatch
import importlib
import pathlib

FOLDER = pathlib.Path(__file__).resolve().parent.parent
SCENARIOS = {}


class Scenario:
    def __init__(self, name, play, differs):
        self.name = name
        self.group = name.split('/')[0]
        self.play = play
        self.differs = differs  # the section of docs/differences.md that says why lvsd differs


def add(name, play, differs=None):
    if name in SCENARIOS:
        raise ValueError('two scenarios are called ' + name)
    SCENARIOS[name] = Scenario(name, play, differs)


def scenario(group, differs=None):
    """Decorator: a function that takes a Player is the scenario GROUP/its-name."""
    def register(function):
        add('%s/%s' % (group, function.__name__.replace('_', '-')), function, differs)
        return function
    return register


def load():
    for path in sorted((FOLDER / 'scenarios').glob('*.py')):
        if path.stem != '__init__':
            importlib.import_module('scenarios.' + path.stem)
    return SCENARIOS


def select(patterns):
    """The names that match any of the patterns: a group, a name, or a glob of names."""
    names = list(load())
    if not patterns:
        return names
    chosen = []
    for pattern in patterns:
        found = [n for n in names if n.split('/')[0] == pattern or fnmatch.fnmatch(n, pattern)]
        if not found:
            raise SystemExit("no scenario matches '%s'; groups are: %s" % (
                pattern, ' '.join(sorted({n.split('/')[0] for n in names}))))
        chosen += [n for n in found if n not in chosen]
    return chosen
