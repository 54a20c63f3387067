"""One side of the race as a process that waits for commands, stopped while it is not its turn."""

import json
import os
import select
import signal
import subprocess
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


class SideFailed(Exception):
    """A side answered with an error, died, or kept silent."""


def machine_busy_seconds():
    """Processor seconds spent by everything on this machine, steal included."""
    user, nice, system, _idle, _wait, irq, softirq, steal = map(int, Path("/proc/stat").read_text().split("\n")[0].split()[1:9])
    return (user + nice + system + irq + softirq + steal) / TICKS


class Side:
    """`command` speaks the protocol of README.md; `name` is for messages."""

    def __init__(self, name, command, environment, directory=None, log=None, patience=3600):
        self.name, self.patience = name, patience
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, cwd=directory, env=environment, bufsize=0, start_new_session=True)
        self.unread = b""

    def processor_seconds(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def line(self):
        """The next line of its standard output, waited for with patience."""
        end = time.monotonic() + self.patience
        output = self.process.stdout.fileno()
        while b"\n" not in self.unread:
            ready, _, _ = select.select([output], [], [], max(0.0, end - time.monotonic()))
            if not ready:
                raise SideFailed(f"{self.name} said nothing for {self.patience} s")
            piece = os.read(output, 1 << 20)
            if not piece:
                raise SideFailed(f"{self.name} ended with code {self.process.wait()} before it answered")
            self.unread += piece
        line, self.unread = self.unread.split(b"\n", 1)
        return line.decode()

    def ask(self, *words):
        """The answer to one command, a dictionary."""
        command = " ".join(map(str, words))
        try:
            self.process.stdin.write(command.encode() + b"\n")
        except BrokenPipeError:
            raise SideFailed(f"{self.name} ended with code {self.process.wait()} before `{command}`") from None
        line = self.line()
        try:
            answer = json.loads(line)
        except json.JSONDecodeError:
            raise SideFailed(f"{self.name} answered `{command}` with something other than JSON: {line[:200]}") from None
        if "error" in answer:
            raise SideFailed(f"{self.name} cannot `{command}`: {answer['error']}")
        return answer

    def turn(self, workload, count):
        """`run`, with the processor time it took and the share of the machine that others had meanwhile."""
        own, everything, clock = self.processor_seconds(), machine_busy_seconds(), time.perf_counter()
        answer = self.ask("run", workload, count)
        clock = time.perf_counter() - clock
        own, everything = self.processor_seconds() - own, machine_busy_seconds() - everything
        others = min(1.0, max(0.0, everything - own) / (clock * os.cpu_count()))
        return {**answer, "processor_seconds": own, "others_share": others}

    def pause(self):
        os.killpg(self.process.pid, signal.SIGSTOP)

    def go_on(self):
        os.killpg(self.process.pid, signal.SIGCONT)

    def close(self):
        if self.process.poll() is None:
            self.go_on()
            try:
                self.process.stdin.write(b"quit\n")
                self.process.stdin.close()
                self.process.wait(20)
            except (BrokenPipeError, subprocess.TimeoutExpired):
                # with its compilers, if it has any
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
