# SPDX-License-Identifier: BSD-3-Clause
"""Transcripts of a command line: what was typed, what came back.

    $ ipvsadm -A -t 192.0.2.1:80 -s rr      a command; "> " begins its further lines
    1|text                                  a line of its standard output
    2|text                                  a line of its standard error
    1\\text                                  a last line that had no end
    =0                                      its exit status

Lines between the blocks are comments. Commands run with bash, in the order of the file.
"""
import dataclasses
import re
import shlex
import subprocess

SPECIAL = set('|<>;&$`*?#(){}~\n')
# A file begins with an empty table and the kernel's timeouts.
FRESH = ('ipvsadm -C', 'ipvsadm --set 900 120 300')
LIMIT = 30  # seconds for one command


@dataclasses.dataclass
class Block:
    command: str
    out: str = ''
    err: str = ''
    status: int = 0

    def text(self):
        lines = ['$ ' + self.command.replace('\n', '\n> ')]
        for mark, text in (('1', self.out), ('2', self.err)):
            whole = text.split('\n')
            lines += ['%s|%s' % (mark, line) for line in whole[:-1]]
            if whole[-1]:
                lines.append('%s\\%s' % (mark, whole[-1]))
        return '\n'.join(lines + ['=%d' % self.status])


def read(path):
    """The file as a list of blocks and, between them, lines of comment (str)."""
    parts, block = [], None
    for number, line in enumerate(path.read_text(encoding='utf-8').splitlines(), 1):
        if line.startswith('$ '):
            block = Block(line[2:])
            parts.append(block)
        elif block is None or line == '':  # an empty line also ends what has no answer yet
            block = None
            parts.append(line)
        elif line.startswith('> '):
            block.command += '\n' + line[2:]
        elif line[:2] in ('1|', '1\\'):
            block.out += line[2:] + '\n' * (line[1] == '|')
        elif line[:2] in ('2|', '2\\'):
            block.err += line[2:] + '\n' * (line[1] == '|')
        elif re.fullmatch('=[0-9]+', line):
            block.status = int(line[1:])
            block = None
        else:
            raise SystemExit('%s:%d: not a line of a transcript' % (path, number))
    return parts


def write(path, parts):
    path.write_text('\n'.join(part if isinstance(part, str) else part.text() for part in parts)
                    + '\n', encoding='utf-8')


def run(command):
    """The block that this command makes now."""
    shell = SPECIAL & set(command) or re.match('[A-Z_]+=', command)
    argv = ['bash', '-c', command] if shell else shlex.split(command)
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT,
                          check=False)
    return Block(command, done.stdout.decode(errors='replace'),
                 done.stderr.decode(errors='replace'), done.returncode)
