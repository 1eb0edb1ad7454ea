"""Runs a program on a terminal of its own, sends it SIGHUP, then closes the terminal: `hangup.py PROGRAM ARGUMENTS…`. Prints what it said
until then, and how it ended."""

import os
import pty
import select
import signal
import sys


def read_until(terminal, text, said):
    while text not in said:
        if not select.select([terminal], [], [], 30)[0]:
            break
        said += os.read(terminal, 65536)
    return said


pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
said = read_until(terminal, b"Stop with", b"")
os.kill(pid, signal.SIGHUP)
said = read_until(terminal, b"reloaded", said)
os.close(terminal)
status = os.waitpid(pid, 0)[1]
print(said.decode())
print("ended with", os.waitstatus_to_exitcode(status))
