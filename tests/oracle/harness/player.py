# SPDX-License-Identifier: BSD-3-Clause
"""Plays a scenario to a director and writes down what it does.

A scenario is a function that takes a Player and calls its methods; a record is the list of lines
that this makes. Nothing is expected by hand: the kernel's record is the expectation.
"""
import time

from . import packet as pk

# The lines above the entries of ipvsadm's listings. They carry the size of the connection table,
# and are the business of the command line's own tests.
_LIST_HEADER = 3
_CONN_HEADER = 2


class Player:
    def __init__(self, director, record=None):
        """`record`, when known, is what should come out; it only saves waiting."""
        self.director = director
        self.lines = []
        self._record = record or []
        self._sent = set()
        pk.restart_identification()

    # ---- the record --------------------------------------------------------------------------

    def emit(self, line):
        self.lines.append(line.rstrip())

    def note(self, text):
        self.emit('* ' + text)

    def recorded_line(self):
        """The line that the record has in the place of the next one, or None."""
        at = len(self.lines)
        return self._record[at] if at < len(self._record) else None

    def _recorded_outputs(self):
        """How many packets the record has in this place, None without a record."""
        if not self._record:
            return None
        count = 0
        for line in self._record[len(self.lines):]:
            if line.startswith('  <'):
                count += line != '  < nothing'
            elif not line.startswith('    '):
                break
        return count

    # ---- commands ----------------------------------------------------------------------------

    def ipvsadm(self, *commands):
        """Command lines, one string each; output and status are recorded."""
        for command in commands:
            self.emit('$ ipvsadm ' + command)
            status, out, err = self.director.ipvsadm(command.split())
            for line in (out + err).splitlines():
                self.emit('  | ' + line)
            if status:
                self.emit('  = exit status %d' % status)

    def _list(self, arguments, header):
        status, out, err = self.director.ipvsadm(arguments)
        if status or err:
            self.emit('  = ipvsadm %s: exit status %d %s' % (' '.join(arguments), status, err))
        return out.splitlines()[header:]

    def services(self, *options):
        """The services and servers as `ipvsadm -Ln` lists them."""
        for line in self._list(['-Ln', *options], _LIST_HEADER):
            self.emit('  = ' + line)

    def stats(self):
        """The counters, once they are up to date."""
        self.director.settle_counters()
        self.services('--stats', '--exact')

    def conns(self):
        """The connections as `ipvsadm -Lnc` lists them, sorted: the kernel has no order."""
        lines = self._list(['-Lnc'], _CONN_HEADER)
        lines.sort(key=lambda line: line.split()[:1] + line.split()[2:])  # not by what is left
        for line in lines:
            self.emit('  | ' + line)
        if not lines:
            self.emit('  | no connections')

    def show(self):
        self.conns()
        self.services()

    def wait(self, seconds):
        self.emit('* %g seconds pass' % seconds)
        time.sleep(seconds)

    # ---- packets -----------------------------------------------------------------------------

    def exchange(self, side, packet, expected=None):
        """Sends a packet, records nothing."""
        self._sent.add(pk.identification(packet))
        return self.director.exchange(side, packet, expected)

    def send(self, side, packet, hexdump=False):
        """Sends a packet; it and what comes out of the director are recorded."""
        self.emit('> %s %s' % (side, pk.describe(packet)))
        if hexdump:
            self.emit('    ' + pk.hexdump(packet))
        outputs = self.exchange(side, packet, self._recorded_outputs())
        for out_side, out in outputs:
            made_here = pk.is_icmp_answer(out) or pk.identification(out) not in self._sent
            self.emit('  < %s %s' % (out_side, pk.describe(out, made_here)))
            if hexdump or pk.is_icmp_error(out):
                self.emit('    ' + pk.hexdump(out, made_here))
        if not outputs:
            self.emit('  < nothing')
        return outputs

    def cli(self, packet, **more):
        return self.send('cli', packet, **more)

    def srv(self, packet, **more):
        return self.send('srv', packet, **more)


class TcpFlow:
    """One TCP connection: c() sends as the client, s() as the server that it was given to.

    Sequence numbers follow from what was sent. `quiet` sends without recording the packets."""

    def __init__(self, player, cport, client='10.1.0.1', vip='192.0.2.1', vport=80,
                 server='10.2.0.1', sport=80, quiet=False):
        self.player = player
        self.client, self.cport = client, cport
        self.vip, self.vport = vip, vport
        self.server, self.sport = server, sport
        self.quiet = quiet
        self.cseq, self.sseq = 100, 900

    def _send(self, side, packet, expected):
        if self.quiet:
            return self.player.exchange(side, packet, expected)
        return self.player.send(side, packet)

    @staticmethod
    def _step(flags, data):
        return len(data) + bool(flags & pk.SYN) + bool(flags & pk.FIN)

    def c(self, flags, data=b'', expected=1, **fields):
        """A packet of the client. A forwarded SYN tells which server the flow belongs to."""
        packet = pk.tcp(self.client, self.cport, self.vip, self.vport, flags, seq=self.cseq,
                        ack=self.sseq if flags & pk.ACK else 0, data=data, **fields)
        self.cseq += self._step(flags, data)
        outputs = self._send('cli', packet, expected)
        if flags & pk.SYN:
            for side, out in outputs:
                if side == 'srv' and out[9] == pk.TCP:
                    self.server, self.sport = pk.addresses(out)[1], pk.ports(out)[1]
        return outputs

    def s(self, flags, data=b'', expected=1, **fields):
        packet = pk.tcp(self.server, self.sport, self.client, self.cport, flags, seq=self.sseq,
                        ack=self.cseq if flags & pk.ACK else 0, data=data, **fields)
        self.sseq += self._step(flags, data)
        return self._send('srv', packet, expected)

    def handshake(self):
        return [self.c(pk.SYN), self.s(pk.SYN | pk.ACK), self.c(pk.ACK)]


class Picks:
    """Which server gets each new connection, while servers and connections come and go.

    run() takes a line of orders, separated by ';':
      add N [w=..] [x=..] [y=..]   server 10.2.0.N with weight and thresholds
      edit N ...; del N            change, delete it (del N M ...: several)
      sched NAME                   another scheduler
      pick COUNT                   so many new flows: UDP datagrams, or SYNs
      map COUNT                    the same, from as many clients and ports; only the servers' numbers
      open NAME...                 TCP connections with complete handshakes
      data NAME...                 a packet with data from the client
      close NAME...                both sides close, the client first
      reset NAME...                a RST from the server
      list                         services and servers
    """

    VIP, PORT = '192.0.2.1', 80

    def __init__(self, player, scheduler, proto='u', many_clients=False, vip=VIP):
        """`scheduler` may be followed by flags: 'sh -b sh-port'. `many_clients`: each new flow
        comes from another address."""
        self._player = player
        self._proto = proto
        self.VIP = vip
        self._service = '-%s %s:%d' % (proto, self.VIP, self.PORT)
        self._cport = 10000
        self._clients = 0 if many_clients else None
        self._flows = {}
        player.ipvsadm('-A %s -s %s' % (self._service, scheduler))

    def run(self, script):
        for order in script.split(';'):
            verb, *arguments = order.split()
            getattr(self, '_' + verb)(*arguments)

    def _server(self, command, number, options):
        options = dict(option.split('=') for option in options)
        text = '%s %s -r 10.2.0.%s:%d -m' % (command, self._service, number, self.PORT)
        for letter in 'wxy':
            if letter in options:
                text += ' -%s %s' % (letter, options[letter])
        self._player.ipvsadm(text)

    def _add(self, number, *options):
        self._server('-a', number, options)

    def _edit(self, number, *options):
        self._server('-e', number, options)

    def _del(self, *numbers):
        for number in numbers:
            self._player.ipvsadm('-d %s -r 10.2.0.%s:%d' % (self._service, number, self.PORT))

    def _sched(self, *words):
        self._player.ipvsadm('-E %s -s %s' % (self._service, ' '.join(words)))

    def _list(self):
        self._player.services()

    def _pick(self, count):
        self._each('pick %s' % count, range(int(count)), lambda _: self._new_flow())

    def _map(self, count):
        self._each('map %s' % count, range(int(count)), lambda _: self._new_flow(), letters=True)

    def _open(self, *names):
        self._each('open ' + ' '.join(names), names, self._open_one)

    def _data(self, *names):
        self._each('data ' + ' '.join(names), names,
                   lambda name: self._flows[name].c(pk.PSH | pk.ACK, b'data',
                                                    expected=self._expected))

    def _close(self, *names):
        self._each('close ' + ' '.join(names), names, self._close_one)

    def _reset(self, *names):
        self._each('reset ' + ' '.join(names), names,
                   lambda name: self._flows[name].s(pk.RST | pk.ACK, expected=self._expected))

    def _each(self, title, items, action, letters=False):
        """Runs the action for every item; one recorded line says what came of each, or (letters)
        only a digit of it."""
        recorded = self._player.recorded_line()
        words = []
        if recorded and recorded.startswith(title + ':'):
            words = recorded[len(title) + 1:].split()
        if letters and words:
            words = list(words[0])
        results = []
        for at, item in enumerate(items):
            self._expected = 0 if at < len(words) and words[at] == 'nothing' else 1
            outcome = self._outcome(action(item))
            results.append(self._letter(outcome) if letters else outcome)
        self._player.emit('%s: %s' % (title, ('' if letters else ' ').join(results)))

    @staticmethod
    def _letter(outcome):
        """S10 is a, S11 is b; what was refused is -, what is strange ?."""
        if outcome[0] == 'S' and outcome[1:].isdigit():
            return '%x' % int(outcome[1:])
        return '-' if outcome == 'icmp3/3' else '?'

    @staticmethod
    def _outcome(outputs):
        words = []
        for side, out in outputs:
            if out[9] == pk.ICMP:
                at = (out[0] & 15) * 4
                words.append('icmp%d/%d' % (out[at], out[at + 1]))
            elif side == 'srv':
                words.append('S' + pk.addresses(out)[1].rsplit('.', 1)[1])
            else:
                words.append('client')
        return '+'.join(words) or 'nothing'

    def _client(self):
        """Address and port that no flow had yet."""
        self._cport += 1
        if self._clients is None:
            return '10.1.0.1', self._cport
        self._clients = (self._clients + 7919) % 63001  # a prime: they come in no order
        return '10.1.%d.%d' % (self._clients // 251, self._clients % 251 + 1), self._cport

    def _flow(self):
        client, cport = self._client()
        return TcpFlow(self._player, cport, client=client, vip=self.VIP, vport=self.PORT,
                       quiet=True)

    def _new_flow(self):
        if self._proto == 't':
            return self._flow().c(pk.SYN, expected=self._expected)
        client, cport = self._client()
        return self._player.exchange(
            'cli', pk.udp(client, cport, self.VIP, self.PORT, b'pick'), self._expected)

    def _open_one(self, name):
        flow = self._flows[name] = self._flow()
        first = flow.c(pk.SYN, expected=self._expected)
        if any(side == 'srv' for side, _ in first):
            flow.s(pk.SYN | pk.ACK)
            flow.c(pk.ACK)
        return first

    def _close_one(self, name):
        flow = self._flows[name]
        last = flow.c(pk.FIN | pk.ACK, expected=self._expected)
        if last:
            flow.s(pk.FIN | pk.ACK)
            flow.c(pk.ACK)
        return last
