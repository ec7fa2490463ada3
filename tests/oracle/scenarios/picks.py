# SPDX-License-Identifier: BSD-3-Clause
"""Which server each new connection gets: the same rows for every scheduler, then its own ones.

The orders are those of player.Picks. Servers are listed by the kernel newest first."""
from harness import registry
from harness.player import Picks

THREE = 'add 1 w=1; add 2 w=1; add 3 w=1; '

# name, protocol, orders
ROWS = [
    ('equal', 'u', THREE + 'pick 24; list'),
    ('equal-tcp', 't', THREE + 'pick 24; list'),
    ('one-server', 'u', 'add 1 w=7; pick 6; list'),
    ('no-server', 'u', 'pick 3; list'),
    ('no-server-tcp', 't', 'pick 3; list'),
    ('all-quiesced', 'u', 'add 1 w=0; add 2 w=0; pick 3; list'),
    ('all-quiesced-tcp', 't', 'add 1 w=0; add 2 w=0; pick 3; edit 1 w=1; pick 3; list'),
    ('weights-1-2-3-0', 'u', 'add 1 w=1; add 2 w=2; add 3 w=3; add 4 w=0; pick 48; list'),
    ('weights-5-3-1-1', 'u', 'add 1 w=5; add 2 w=3; add 3 w=1; add 4 w=1; pick 40; list'),
    ('weights-gcd-2', 't', 'add 1 w=10; add 2 w=4; add 3 w=6; add 4 w=2; pick 44; list'),
    ('weights-gcd-25', 'u', 'add 1 w=100; add 2 w=50; add 3 w=25; add 4 w=200; pick 60; list'),
    ('weights-coprime', 't', 'add 1 w=7; add 2 w=5; add 3 w=3; pick 45; list'),
    ('weights-big', 'u', 'add 1 w=2147483647; add 2 w=1073741824; add 3 w=1; pick 40; list'),
    ('weights-65535', 't', 'add 1 w=65535; add 2 w=65534; add 3 w=32768; pick 40; list'),
    ('heavy-first-in-list', 'u', 'add 1 w=1; add 2 w=1; add 3 w=4; pick 24; list'),
    ('heavy-last-in-list', 'u', 'add 3 w=4; add 2 w=1; add 1 w=1; pick 24; list'),
    ('zero-between', 'u', 'add 1 w=2; add 2 w=0; add 3 w=2; add 4 w=0; add 5 w=1; pick 25; list'),
    ('ten-servers', 't', '; '.join('add %d w=%d' % (n, n % 4 + 1) for n in range(1, 11))
     + '; pick 60; list'),
    ('add-between', 'u', 'add 1 w=1; add 2 w=2; pick 4; add 3 w=3; pick 10; add 4 w=1; pick 14;'
     'list'),
    ('add-after-each', 't', 'add 1 w=2; pick 1; add 2 w=2; pick 1; add 3 w=2; pick 1; add 4 w=2;'
     'pick 1; pick 12; list'),
    ('delete-other', 'u', THREE + 'pick 1; del 1; pick 6; list'),
    ('delete-last-chosen', 'u', THREE + 'add 4 w=1; pick 2; del 3; pick 8; list'),
    ('delete-last-chosen-first', 'u', THREE + 'pick 1; del 3; pick 5; list'),
    ('delete-last-chosen-end', 't', THREE + 'pick 3; del 1; pick 5; list'),
    ('delete-and-add-again', 'u', THREE + 'pick 2; del 2; pick 2; add 2 w=1; pick 9; list'),
    ('delete-all-and-add', 't', THREE + 'pick 2; del 1 2 3; pick 1; add 2 w=2; add 1 w=1; pick 9;'
     'list'),
    ('edit-up', 'u', 'add 1 w=1; add 2 w=1; pick 3; edit 1 w=5; pick 14; list'),
    ('edit-down', 't', 'add 1 w=6; add 2 w=4; pick 5; edit 1 w=2; pick 14; list'),
    ('edit-to-zero-and-back', 'u', THREE + 'pick 4; edit 2 w=0; pick 5; edit 2 w=1; pick 7; list'),
    ('edit-last-chosen-to-zero', 't', THREE + 'pick 2; edit 2 w=0; pick 6; list'),
    ('edit-between-all', 'u', 'add 1 w=3; add 2 w=2; pick 3; edit 1 w=2; pick 3; edit 2 w=8;'
     'pick 11; edit 1 w=4; pick 13; edit 2 w=3; pick 15; list'),
    ('scale-all', 'u', 'add 1 w=1; add 2 w=2; add 3 w=3; pick 7; edit 1 w=10; edit 2 w=20;'
     'edit 3 w=30; pick 13; edit 1 w=1; edit 2 w=2; edit 3 w=3; pick 13; list'),
    ('threshold', 'u', 'add 1 w=1 x=4; add 2 w=1; pick 14; list'),
    ('threshold-all-full', 'u', 'add 1 w=1 x=2; add 2 w=2 x=3; pick 8; list'),
    ('threshold-raised', 't', 'add 1 w=1 x=2; add 2 w=1 x=2; pick 6; edit 1 w=1 x=5; pick 5; list'),
    ('threshold-removed', 't', 'add 1 w=1 x=1; add 2 w=1; pick 4; edit 1 w=1; pick 5; list'),
    ('threshold-lowered', 'u', 'add 1 w=1 x=9; add 2 w=1; pick 8; edit 1 w=1 x=2; pick 4; list'),
    ('threshold-removed-and-set-again', 't', 'add 1 w=1 x=2; add 2 w=1; pick 6; edit 1 w=1;'
     'edit 1 w=1 x=2; pick 5; list'),
    ('threshold-raised-and-lowered', 'u', 'add 1 w=1 x=2; add 2 w=1; pick 6; edit 1 w=1 x=9;'
     'edit 1 w=1 x=1; pick 5; list'),
    ('threshold-set-on-server-added-again', 't', 'add 1 w=1 x=1; add 2 w=1; open a b c; del 1;'
     'add 1 w=1 x=1; pick 4; del 1; add 1 w=1; del 1; add 1 w=1 x=1; pick 5; list'),
    ('threshold-and-closing', 't', 'add 1 w=1 x=4; add 2 w=1 x=4 y=2; open a b c d e f g h; pick 1;'
     'close a; reset b; pick 1; edit 1 w=1 x=4; pick 1; list'),
    ('threshold-with-lower', 't', 'add 1 w=1 x=3 y=2; add 2 w=1 x=3 y=1; open a b c d e f; pick 1;'
     'edit 1 w=1 x=6 y=5; pick 4; edit 1 w=1 x=6 y=2; edit 2 w=1 x=9 y=8; pick 6; list'),
    ('open-and-close', 't', THREE + 'open a b c d; close a; open e f; close b c; open g h; list'),
    ('open-and-reset', 't', THREE + 'open a b c d; reset a b; open e f g; reset d; open h i j;'
     'list'),
    ('closing-unevenly', 't', 'add 1 w=1; add 2 w=2; add 3 w=4; open a b c d e f g h i; close b d;'
     'pick 4; reset f; pick 4; open j k; close j; pick 6; list'),
    ('quiesced-keeps-its-own', 't', THREE + 'open a b c; edit 1 w=0; edit 2 w=0; edit 3 w=0;'
     'data a b c; pick 2; edit 2 w=1; data a; pick 3; list'),
    ('deleted-drops-its-own', 't', THREE + 'open a b c; del 2; data a b c; pick 4; add 2 w=1;'
     'data a b c; pick 4; list'),
]

# From one scheduler to the next and back, with a position in between.
CHANGES = {
    'rr': 'pick 4; sched wrr; pick 7; sched rr; pick 5; sched wlc; pick 5; sched rr; pick 5; list',
    'wrr': 'pick 4; sched rr; pick 7; sched wrr; pick 8; sched wlc; pick 5; sched wrr; pick 8; list',
    'wlc': 'pick 4; sched rr; pick 7; sched wlc; pick 8; sched wrr; pick 5; sched wlc; pick 8; list',
}
for _name in ('lc', 'sed', 'nq', 'lblc', 'lblcr', 'fo', 'ovf'):
    CHANGES[_name] = CHANGES['wlc'].replace('wlc', _name)

OWN_ROWS = {
    'rr': [],
    'wrr': [
        # The cycle goes on at a lowered level, and restarts from the top only when it must.
        ('level-above-new-maximum', 'u', 'add 1 w=9; add 2 w=6; add 3 w=3; pick 2; edit 1 w=3;'
         'pick 12; list'),
        ('level-with-new-gcd', 'u', 'add 1 w=5; add 2 w=3; pick 3; edit 1 w=9; edit 2 w=6; pick 15;'
         'list'),
        ('only-zero-then-some', 'u', 'add 1 w=0; pick 1; add 2 w=4; pick 3; edit 1 w=2; pick 9; list'),
        ('all-full-then-not', 't', 'add 1 w=2 x=1; add 2 w=1 x=1; pick 4; edit 1 w=2; pick 4;'
         'edit 2 w=1; pick 9; list'),
    ],
    'wlc': [
        ('active-and-inactive', 't', 'add 1 w=1; add 2 w=1; open a b c d; close a c; pick 5; list'),
        # 1 active against inactive ones, where it is close: how the load is computed.
        ('load-formula', 't', 'add 1 w=256; open a; add 2 w=1; edit 1 w=0; open b; close b;'
         'edit 1 w=256; pick 3; edit 1 w=255; pick 3; edit 1 w=257; pick 3; list'),
        ('load-formula-reversed', 't', 'add 2 w=1; open b; close b; edit 2 w=0; add 1 w=256; open a;'
         'edit 2 w=1; pick 3; edit 1 w=257; pick 2; edit 1 w=258; pick 3; list'),
        ('ties-by-weight', 'u', 'add 1 w=2; add 2 w=4; add 3 w=2; pick 32; list'),
        ('new-server-catches-up', 'u', 'add 1 w=1; pick 8; add 2 w=1; pick 12; list'),
    ],
    'lc': [
        ('active-and-inactive', 't', 'add 1 w=1; add 2 w=9; open a b c d; close a c; pick 5; list'),
        ('new-server-catches-up', 'u', 'add 1 w=1; pick 8; add 2 w=1; pick 12; list'),
    ],
    'sed': [
        ('only-active-counts', 't', 'add 1 w=2; add 2 w=3; open a b c d e; close a b c; open f g h;'
         'reset d; open i j k; list'),
        ('ties-by-weight', 't', 'add 1 w=2; add 2 w=4; add 3 w=2; pick 32; list'),
    ],
    'nq': [
        ('idle-one-first', 't', 'add 1 w=100; add 2 w=1; add 3 w=1; open a b c d e f; close a;'
         'open g h; close b; open i j k; list'),
        ('idle-one-without-weight', 't', 'add 1 w=4; add 2 w=0; add 3 w=2; pick 8; edit 2 w=1; pick 5;'
         'list'),
    ],
    'fo': [
        ('falls-over', 'u', 'add 1 w=3; add 2 w=2; add 3 w=3; pick 2; edit 3 w=0; pick 2; edit 1 w=1;'
         'pick 2; del 2; pick 2; edit 1 w=0; pick 1; add 2 w=5; pick 2; list'),
        ('full-one', 't', 'add 1 w=9 x=2; add 2 w=5 x=2; add 3 w=1; open a b c d e f; close a c;'
         'pick 4; list'),
    ],
    'ovf': [
        ('overflows', 't', 'add 1 w=3; add 2 w=2; add 3 w=1; pick 12; list'),
        ('all-above', 't', 'add 1 w=1; add 2 w=1; pick 7; edit 1 w=3; pick 5; list'),
        ('room-again', 't', 'add 1 w=4; add 2 w=3; open a b c d e f g; close b; open h i; reset a c;'
         'open j k l; list'),
    ],
    'lblc': [
        ('full-one-stays', 'u', 'add 1 w=100; add 2 w=100 x=3; pick 8; list'),
        ('full-one-is-not-taken', 'u', 'add 1 w=100 x=1; add 2 w=100; pick 3; edit 2 w=0; pick 3;'
         'edit 2 w=5; edit 1 w=0; pick 3; list'),
        ('overload-and-idle-one', 't', 'add 1 w=10; add 2 w=3; pick 20; edit 1 w=40; pick 9; list'),
        ('overload-without-idle-one', 't', 'add 1 w=1; add 2 w=1; add 3 w=1; pick 12; list'),
        ('server-gone-and-back', 't', 'add 1 w=9; add 2 w=9; pick 3; del 2; pick 2; add 2 w=9; pick 3;'
         'list'),
        ('server-back-before-next', 'u', 'add 1 w=9; add 2 w=9; pick 3; del 2; add 2 w=9; pick 3;'
         'list'),
        ('server-back-elsewhere-in-list', 'u', 'add 1 w=9; add 2 w=9; add 3 w=9; pick 3; del 3;'
         'add 4 w=9; add 3 w=9; pick 3; list'),
        ('forgets-when-bound-anew', 'u', 'add 1 w=9; add 2 w=9; pick 3; sched rr; sched lblc; pick 3;'
         'list'),
    ],
    'lblcr': [
        ('full-one-is-left', 'u', 'add 1 w=100; add 2 w=100 x=3; pick 8; edit 2 w=100; pick 4; list'),
        ('set-grows', 't', 'add 1 w=2; add 2 w=2; add 3 w=2; add 4 w=9; pick 40; list'),
        ('set-and-quiesced', 't', 'add 1 w=2; add 2 w=2; add 3 w=20; pick 25; edit 3 w=0; pick 6;'
         'edit 3 w=20; pick 6; list'),
        ('server-gone-and-back', 't', 'add 1 w=2; add 2 w=9; pick 9; del 2; pick 3; add 2 w=9; pick 9;'
         'list'),
        ('server-back-before-next', 'u', 'add 1 w=9; add 2 w=9; pick 3; del 2; add 2 w=9; pick 3;'
         'list'),
        ('forgets-when-bound-anew', 'u', 'add 1 w=9; add 2 w=9; pick 3; sched rr; sched lblcr; pick 3;'
         'list'),
    ],
}

# Schedulers that hash. `map` sends from another client each time.
HASH_ROWS = [
    ('equal', 'u', THREE + 'map 250; list'),
    ('equal-tcp', 't', THREE + 'map 120; list'),
    ('one-server', 'u', 'add 1 w=7; map 20; list'),
    ('no-server', 'u', 'map 3; list'),
    ('all-quiesced', 'u', 'add 1 w=0; add 2 w=0; map 3; edit 1 w=1; map 30; list'),
    ('weights-1-2-3-0', 'u', 'add 1 w=1; add 2 w=2; add 3 w=3; add 4 w=0; map 150; list'),
    ('weights-with-divisor', 'u', 'add 1 w=100; add 2 w=50; add 3 w=25; add 4 w=200; map 150; list'),
    ('weights-big', 'u', 'add 1 w=2147483647; add 2 w=1073741824; add 3 w=1; map 100; list'),
    ('weights-65535', 'u', 'add 1 w=65535; add 2 w=65534; add 3 w=4096; add 4 w=1; map 150; list'),
    ('zero-first-in-list', 'u', 'add 1 w=2; add 2 w=3; add 3 w=0; map 100; list'),
    ('zero-last-in-list', 'u', 'add 3 w=0; add 2 w=3; add 1 w=2; map 100; list'),
    ('ten-servers', 'u', '; '.join('add %d w=%d' % (n, n % 4 + 1) for n in range(1, 11))
     + '; map 250; list'),
    ('order-of-adding', 'u', 'add 3 w=2; add 1 w=1; add 2 w=1; map 150; list'),
    ('add-between', 'u', 'add 1 w=1; add 2 w=2; map 60; add 3 w=3; map 60; add 4 w=1; map 60; list'),
    ('delete-between', 'u', THREE + 'add 4 w=2; map 60; del 3; map 60; del 1 4; map 20; add 1 w=2;'
     'map 60; list'),
    ('edit-between', 'u', 'add 1 w=3; add 2 w=2; map 60; edit 1 w=9; map 60; edit 2 w=4; map 60;'
     'edit 1 w=1; map 60; list'),
    ('drained-and-back', 'u', THREE + 'map 60; edit 2 w=0; map 60; edit 2 w=4; map 60; list'),
    ('drained-while-others-change', 'u', THREE + 'edit 2 w=0; add 4 w=2; map 60; edit 1 w=3; map 60;'
     'edit 2 w=1; map 60; list'),
    ('added-with-0-then-weight', 'u', 'add 1 w=2; add 2 w=0; map 40; edit 2 w=2; map 40; edit 2 w=0;'
     'map 40; del 2; add 2 w=0; map 40; list'),
    ('threshold', 'u', 'add 1 w=1 x=9; add 2 w=1; add 3 w=1; map 60; edit 1 w=1; map 60; list'),
    ('all-full', 'u', 'add 1 w=1 x=5; add 2 w=1 x=7; map 40; list'),
    ('change-scheduler', 'u', 'add 1 w=1; add 2 w=2; add 3 w=3; map 30; sched rr; map 6; sched %s;'
     'map 60; sched wlc; map 6; sched %s; map 30; list'),
]
# Scheduler and flags.
HASHED = [('dh',), ('sh',), ('mh',)] + [
    (_name, *_flags) for _name in ('sh', 'mh')
    for _flags in (('port',), ('fallback',), ('fallback', 'port'))]


def _scenario(scheduler, proto, orders):
    return lambda player: Picks(player, scheduler, proto).run(orders)


# What only schedulers with a position can get wrong, or what no scheduler does itself.
POSITION_ROWS = ('equal-tcp', 'no-server-tcp', 'all-quiesced-tcp', 'weights-gcd', 'weights-coprime',
                 'heavy-', 'zero-between', 'delete-last-chosen', 'add-after', 'edit-last', 'scale',
                 'threshold-removed', 'threshold-raised', 'threshold-lowered', 'threshold-set')

for _scheduler, _change in CHANGES.items():
    _rows = [row for row in ROWS if _scheduler in ('rr', 'wrr', 'wlc')
             or not row[0].startswith(POSITION_ROWS)]
    _rows += OWN_ROWS[_scheduler] + [
        ('change-scheduler', 'u', 'add 1 w=1; add 2 w=2; add 3 w=3; ' + _change),
        ('change-scheduler-tcp', 't', 'add 1 w=4; add 2 w=2; add 3 w=3; ' + _change),
    ]
    for _name, _proto, _orders in _rows:
        registry.add('%s/%s' % (_scheduler, _name), _scenario(_scheduler, _proto, _orders))


def _hash_scenario(scheduler, flags, proto, orders):
    if flags:
        scheduler += ' -b ' + ','.join('%s-%s' % (scheduler, flag) for flag in flags)
    if '%s' in orders:
        orders %= (scheduler, scheduler)
    return lambda player: Picks(player, scheduler, proto, many_clients=True).run(orders)


for _scheduler, *_flags in HASHED:
    for _name, _proto, _orders in HASH_ROWS:
        registry.add('%s/%s' % (_scheduler, '-'.join(_flags + [_name])),
                     _hash_scenario(_scheduler, _flags, _proto, _orders))


@registry.scenario('dh')
def four_addresses(player):
    """Each virtual address has one server."""
    for vip in ('192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4'):
        picks = Picks(player, 'dh', vip=vip, many_clients=True)
        picks.run('; '.join('add %d w=%d' % (n, n) for n in range(1, 8)) + '; pick 5; del 3; pick 2;'
                  'add 8 w=1; pick 2; edit 8 w=0; edit 7 w=0; pick 2; list')
