# SPDX-License-Identifier: BSD-3-Clause
"""Random scenarios, made from a seed: the same seed makes the same scenario.

Picks, for each scheduler: servers and connections come, change and go. Walks: one TCP connection
gets packets with any flags from either side."""
import random

from harness import registry
from harness.packet import ACK, FIN, PSH, RST, SYN
from harness.player import Picks, TcpFlow

SCHEDULERS = ('rr', 'wrr', 'wlc', 'lc', 'sed', 'nq', 'lblc', 'lblcr', 'fo', 'ovf', 'dh', 'sh', 'mh')
POSITIONAL = ('rr', 'wrr', 'wlc')  # that the others are exchanged with in between
SCHEDULER_FLAGS = {'sh': ('sh-port', 'sh-fallback'), 'mh': ('mh-port', 'mh-fallback')}
RECORDED = 30  # of each scheduler, and of walks; their seeds count from 1
WEIGHTS = (0, 1, 1, 1, 2, 3, 4, 5, 8, 10, 16, 50, 100, 255, 1000, 65535)


class _Generator:
    """Writes orders for player.Picks, and keeps track of what they may refer to."""

    def __init__(self, seed):
        self._random = random.Random(seed)
        self.proto = self._random.choice('ut')
        self._present = set()
        self._open = set()
        self._flows = 0

    def flagged(self, scheduler):
        """The scheduler with any of its flags."""
        flags = [flag for flag in SCHEDULER_FLAGS.get(scheduler, ()) if self._random.random() < 0.5]
        return scheduler + (' -b ' + ','.join(flags) if flags else '')

    def orders(self, scheduler):
        result = [self._add() for _ in range(self._random.randint(1, 5))]
        actions = [self._pick] * 6 + [self._add, self._delete, self._edit, self._edit]
        if self.proto == 't':
            actions += [self._open_some, self._open_some, self._end, self._end, self._data]
        for _ in range(self._random.randint(12, 24)):
            result.append(self._random.choice(actions)())
            if self._random.random() < 0.02:
                result += ['sched ' + self._random.choice(POSITIONAL), 'sched ' + scheduler]
        return '; '.join(order for order in result + ['pick 8', 'list'] if order)

    def _options(self):
        text = ' w=%d' % self._random.choice(WEIGHTS)
        if self._random.random() < 0.15:
            upper = self._random.randint(1, 9)
            text += ' x=%d' % upper
            if self._random.random() < 0.5:
                text += ' y=%d' % self._random.randint(1, upper)
        return text

    def _add(self):
        absent = sorted(set(range(1, 9)) - self._present)
        if not absent:
            return ''
        server = self._random.choice(absent)
        self._present.add(server)
        return 'add %d%s' % (server, self._options())

    def _present_one(self):
        return self._random.choice(sorted(self._present))

    def _delete(self):
        if not self._present:
            return ''
        server = self._present_one()
        self._present.remove(server)
        return 'del %d' % server

    def _edit(self):
        return 'edit %d%s' % (self._present_one(), self._options()) if self._present else ''

    def _pick(self):
        return 'pick %d' % self._random.choice((1, 2, 3, 5, 8))

    def _open_some(self):
        names = ['f%d' % (self._flows + n) for n in range(self._random.randint(1, 4))]
        self._flows += len(names)
        self._open.update(names)
        return 'open ' + ' '.join(names)

    def _end(self):
        if not self._open:
            return ''
        name = self._random.choice(sorted(self._open))
        self._open.remove(name)
        return self._random.choice(('close ', 'reset ')) + name

    def _data(self):
        return 'data ' + self._random.choice(sorted(self._open)) if self._open else ''


FLAGS = (SYN, SYN, SYN | ACK, SYN | ACK, ACK, ACK, ACK, PSH | ACK, FIN | ACK, FIN | ACK, FIN, RST,
         RST | ACK, 0, SYN | FIN, SYN | RST, FIN | RST)


def _walk(seed):
    def play(player):
        chance = random.Random('walk %d' % seed)
        player.note('seed %d' % seed)
        player.ipvsadm('-A -t 192.0.2.1:80 -s rr',
                       *('-a -t 192.0.2.1:80 -r 10.2.0.%d:8080 -m' % n for n in (1, 2)))
        flow = TcpFlow(player, 5001, sport=8080)
        flow.c(SYN)
        for _ in range(20):
            chance.choice((flow.c, flow.s))(chance.choice(FLAGS))
            player.conns()
        player.services()
    return play


def _picks(scheduler, seed):
    def play(player):
        generator = _Generator('%s %d' % (scheduler, seed))
        player.note('seed %d' % seed)
        name = generator.flagged(scheduler)
        orders = generator.orders(name)
        Picks(player, name, generator.proto, many_clients=scheduler in SCHEDULER_FLAGS).run(orders)
    return play


def add(seeds):
    """Makes the scenarios of these seeds known; returns their names."""
    made = {}
    for seed in seeds:
        for scheduler in SCHEDULERS:
            made['%s/random-%d' % (scheduler, seed)] = _picks(scheduler, seed)
        made['tcp/walk-%d' % seed] = _walk(seed)
    for name, play in made.items():
        if name not in registry.SCENARIOS:
            registry.add(name, play)
    return list(made)


add(range(1, RECORDED + 1))
