"""Processes that work when they are told to, so that peers take turns; and the machine they run on."""
import os
import platform
import subprocess


class Peer:
    """A process that makes steps when it is told to."""

    def __init__(self, *command, threads=2):
        env = {**os.environ, "RAYON_NUM_THREADS": str(threads)}
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)
        line = self.process.stdout.readline().strip()
        if line != "ready":
            raise SystemExit(f"{command[0]} says '{line}' and not that it is ready")

    def ask(self, what):
        self.process.stdin.write(f"{what}\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def step(self, steps):
        """Milliseconds a step, of a peer that prints the seconds of them all."""
        return 1e3 * self.ask(steps) / steps

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def machine(threads):
    cpu = next(line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name"))
    return {"cpu": cpu, "threads": threads, "cores": os.cpu_count(), "python": platform.python_version(), "torch": torch_version()}


def torch_version():
    import torch
    return torch.__version__
