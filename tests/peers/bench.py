"""Runs Magister's benchmark programs and their peers in turn, and prints medians, ratios and targets.

A program prints one JSON object per line:

    {"bench": "mixture", "case": "em, width 3", "median": 3.3, "unit": "ms"}

`case` names what was measured, first the implementation; the rows of one comparison are matched by what follows the
comma. Other keys are passed over, other lines too, and their number is told. Each program runs once per repetition,
ours and the peer's alternately, so that a busy machine slows both; the table shows the median of the repetitions.
`./bench` builds the programs and the Python environment, then calls this file.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Row:
    """One line of a table: what was measured, and what it is held against."""

    case: str
    median: float
    unit: str
    repetitions: int
    peer: str = "–"
    ratio: float | None = None
    target: float | None = None
    # The most, or the least, that the median may be, in its unit: for what has no peer.
    limit: float | None = None
    floor: float | None = None

    def met(self) -> bool | None:
        """Whether the target or limit is met; None where there is none."""
        if self.limit is not None:
            return self.median <= self.limit
        if self.floor is not None:
            return self.median >= self.floor
        if self.target is None or self.ratio is None:
            return None
        return self.ratio >= self.target


@dataclass(frozen=True)
class Programs:
    """Where to find what is run."""

    examples: Path
    scratch: Path

    def example(self, name: str, *arguments: str) -> list[str]:
        path = self.examples / name
        if not path.exists():
            raise BenchError(f"{path} is not there; ./bench builds every example")
        return [str(path), *arguments]

    def sklearn_sweep(self, *files: Path) -> list[str]:
        return self.peer("sklearn_sweep.py", *map(str, files))

    def package(self, script: str, *arguments: str) -> list[str]:
        return [sys.executable, "-W", "ignore", str(ROOT / "student-sdk" / "python" / "benchmarks" / script), *arguments]

    def peer(self, script: str, *arguments: str) -> list[str]:
        return [sys.executable, "-W", "ignore", str(ROOT / "tests" / "peers" / script), *arguments]


class BenchError(Exception):
    """A measurement that could not be made; the message says what to mend."""


# How many times cheaper than scikit-learn's sweep the own engine has to be.
MIXTURE_TARGETS = {"em, width 3": 20.0, "em, width 13": 6.0}


def mixture(programs: Programs, repetitions: int) -> list[Row]:
    """One fit: the sweep K = 2..10 over windows of 250 points, per engine, against scikit-learn."""
    # Our program leaves its windows in the folder, so that both sides fit the same points.
    programs.scratch.mkdir(parents=True, exist_ok=True)
    files = [programs.scratch / f"width_{width}.json" for width in (3, 5, 13)]
    commands = [programs.example("bench_mixture", str(programs.scratch)), programs.sklearn_sweep(*files)]
    ours, peers = alternately(commands, repetitions)
    by_width = {what(case): row for case, row in peers.items()}
    rows = []
    for case, row in ours.items():
        peer = by_width.get(what(case))
        if peer is None:
            rows.append(row)
            continue
        peer_name = f"scikit-learn {peer.median:.1f} {peer.unit}"
        rows.append(against(row, peer_name, peer.median, peer.unit, MIXTURE_TARGETS.get(case)))
    return rows


# The reference's ALP-GMM teacher took 800 µs an episode on a machine whose scikit-learn sweep took 97 ms at width 3.
REFERENCE_EPISODE_US = 800.0
REFERENCE_SWEEP_MS = 97.0
TEACHER_TARGET = 40.0


def teacher(programs: Programs, repetitions: int) -> list[Row]:
    """One episode of the ALP-GMM teacher on the 2-d hypercube, against the reference's, scaled to this machine."""
    windows = ROOT / "tests" / "reference" / "gmm_windows_d2.json"
    ours, peers = alternately([programs.example("bench_teacher"), programs.sklearn_sweep(windows)], repetitions)
    (sweep,) = peers.values()
    reference_us = REFERENCE_EPISODE_US * sweep.median / REFERENCE_SWEEP_MS
    peer = f"reference {reference_us:.0f} µs (sweep {sweep.median:.0f} ms)"
    # Uniform sampling is there to show what the mixtures cost; it has no target.
    targets = {case: TEACHER_TARGET for case in ours if case.startswith("alp-gmm")}
    return [against(row, peer, reference_us, "µs", targets.get(case)) for case, row in ours.items()]


# After a million episodes: microseconds an episode by dimensions, and bytes of the index.
NEIGHBOUR_LIMITS_US = {"2 dimensions": 5.0, "12 dimensions": 500.0}
NEIGHBOUR_LIMIT_BYTES = 250e6


def neighbour(programs: Programs, repetitions: int) -> list[Row]:
    """The history's nearest-neighbour index; it has no peer in Python worth the name."""
    (ours,) = alternately([programs.example("bench_neighbour")], repetitions)

    def limit(row: Row) -> float | None:
        return NEIGHBOUR_LIMIT_BYTES if row.unit == "bytes" else NEIGHBOUR_LIMITS_US.get(what(row.case))

    return [replace(row, limit=limit(row)) for row in ours.values()]


# Of a bare tonic echo's calls per second, measured in the same placement.
UNARY_TARGET = 0.4
TEACH_FLOOR = 30_000.0
# 1,000 curricula with a worker each, against one with 1,000.
CROWD_TARGET = 0.7
SAMPLING_LIMIT_US = 50.0


def service(programs: Programs, repetitions: int) -> list[Row]:
    """Durable calls and streams over the loopback, clients on the same cores, against a bare echo and Optuna."""
    ours, peers = alternately([programs.example("bench_service"), programs.peer("optuna_ask_tell.py")], repetitions)
    rows = []
    for case, row in ours.items():
        echo = ours.get(f"echo, {what(case)}")
        if case.startswith("magister, unary") and row.unit == "calls/s" and echo is not None:
            target = UNARY_TARGET if case.endswith("free") else None
            row = faster_than(row, f"echo {number(echo.median)} {echo.unit}", echo.median, target)
        elif case.startswith("magister, teach") and row.unit == "episodes/s":
            row = replace(row, floor=TEACH_FLOOR)
        elif case == "magister, crowd, 1,000 curricula of one worker":
            crowd = ours["magister, crowd, one curriculum of 1,000 workers"]
            row = faster_than(row, f"one curriculum {number(crowd.median)} {crowd.unit}", crowd.median, CROWD_TARGET)
        elif case.endswith("p99"):
            row = replace(row, limit=SAMPLING_LIMIT_US)
        rows.append(row)
    return rows + list(peers.values())


RESTART_LIMIT_S = 2.0
RESTART_LIMIT_MB = 200.0


def restart(programs: Programs, _repetitions: int) -> list[Row]:
    """A server that starts over a million episodes of one curriculum (once: playing them takes a minute)."""
    (ours,) = alternately([programs.example("bench_restart")], 1)

    def limit(case: str) -> float | None:
        if "first task" in case:
            return RESTART_LIMIT_S
        return RESTART_LIMIT_MB if ", memory" in case else None

    return [replace(row, limit=limit(row.case)) for row in ours.values()]


# What anybody waits who looks into a million episodes, and what ten open pages leave to those who ask and tell.
LOOK_LIMIT_MS = 50.0
WATCHED_FLOOR = 0.95


def inspect(programs: Programs, _repetitions: int) -> list[Row]:
    """Looking into a curriculum of a million episodes (once: making them takes minutes; it repeats its calls itself)."""
    (ours,) = alternately([programs.example("bench_inspect")], 1)
    rows = []
    for case, row in ours.items():
        if case.endswith((", median", ", p99")):
            row = replace(row, limit=LOOK_LIMIT_MS)
        elif case.startswith("ten pages over nobody"):
            row = replace(row, floor=WATCHED_FLOOR)
        rows.append(row)
    return rows


# Steps a second, against Gymnasium's one environment and envpool's best on one thread.
LANES_OVER_GYMNASIUM = 8.0
LANES_OVER_ENVPOOL = 3.0
SCALAR_OVER_GYMNASIUM = 4.0
TWO_THREADS = 1.8
RESET_LIMIT_PERCENT = 5.0
# Grass and hardcore ground are for the eye: nothing was promised for them.
PROMISED = ("default flat random", "default flat heuristic", "default stump random", "default stump heuristic")


def walker(programs: Programs, repetitions: int) -> list[Row]:
    """Steps of the walkers, resets included, against Gymnasium 1.4's BipedalWalker-v3 and envpool's, on one thread."""
    ours, peers = alternately([programs.example("bench_walker"), programs.peer("bipedal_walker.py")], repetitions)
    rows = []
    for case, row in ours.items():
        title, body = case.partition(", ")[0], what(case)
        policy = body.rpartition(" ")[2]
        if title == "reset":
            rows.append(replace(row, limit=RESET_LIMIT_PERCENT))
        elif title == "two threads":
            one = ours[f"one thread, {body}"].median
            rows.append(faster_than(row, f"one thread {one:,.0f}/s", one, TWO_THREADS))
        else:
            gymnasium = peers[f"gymnasium, {policy}"].median
            target = {"lanes": LANES_OVER_GYMNASIUM, "scalar": SCALAR_OVER_GYMNASIUM}.get(title)
            promised = body in PROMISED
            name = f"Gymnasium {gymnasium:,.0f}/s"
            rows.append(faster_than(row, name, gymnasium, target if promised else None))
            if title == "lanes" and policy == "random":
                # Hardcore steps are the more costly ones, and the faster of envpool's figures counts.
                best = max(peers["envpool, random"].median, peers["envpool, hardcore random"].median)
                target = LANES_OVER_ENVPOOL if promised else None
                rows.append(faster_than(row, f"envpool {best:,.0f}/s", best, target))
    return rows + list(peers.values())


# What the Python package has to reach: unary pairs and episodes in batches a second, per cent of an episode, share of Rust.
UNARY_PAIRS_FLOOR = 1_500.0
BATCHED_EPISODES_FLOOR = 20_000.0
WRAPPER_LIMIT_PERCENT = 5.0
VECTOR_OVER_RUST = 0.8


def python(programs: Programs, repetitions: int) -> list[Row]:
    """The Python package: calls, wrapper and vector environment, beside the disk's syncs, Gymnasium and Rust."""
    calls, wrapper, vector, rust, workers = alternately(
        [
            programs.package("bench_calls.py", "--seconds", "2"),
            programs.package("bench_wrapper.py"),
            programs.package("bench_vector.py", "--seconds", "2"),
            programs.example("bench_walker", "2", "lanes, default"),
            programs.package("bench_workers.py"),
        ],
        repetitions,
    )
    rows = []
    for case, row in calls.items():
        if case.startswith("magister, ask + tell, unary"):
            # One caller waits for two syncs a pair: what the channel carries is seen with several.
            row = replace(row, floor=None if case.endswith("threads 1") else UNARY_PAIRS_FLOOR)
        elif case.startswith("magister, episodes in batches"):
            row = replace(row, floor=BATCHED_EPISODES_FLOOR)
        rows.append(row)
    for case, row in wrapper.items():
        rows.append(replace(row, limit=WRAPPER_LIMIT_PERCENT) if row.unit == "%" else row)
    for case, row in vector.items():
        peer = rust[f"lanes, {what(case)}"]
        rows.append(faster_than(row, f"Rust {peer.median:,.0f}/s", peer.median, VECTOR_OVER_RUST))
    for case, row in workers.items():
        rows.append(replace(row, limit=0.0) if row.unit == "reports" else row)
    return rows


# A whole run on Stump Tracks: steps a second on one core, what a second core brings, what teacher and service may take.
TRAINING_FLOOR = 50_000.0
TEACHER_LIMIT_PERCENT = 2.0


def training(programs: Programs, repetitions: int) -> list[Row]:
    """Whole training runs with a server in the process: one pinned to one core, one with two threads."""
    one, two = alternately(
        [
            ["taskset", "-c", "0", *programs.example("bench_training", "1")],
            programs.example("bench_training", "2"),
        ],
        repetitions,
    )
    rows = []
    for case, row in (one | two).items():
        if case == "one thread, steps":
            row = replace(row, floor=TRAINING_FLOOR)
        elif case == "two threads, steps":
            alone = one["one thread, steps"].median
            row = faster_than(row, f"one core {alone:,.0f}/s", alone, TWO_THREADS)
        elif case == "one thread, teacher, service and client":
            row = replace(row, limit=TEACHER_LIMIT_PERCENT)
        rows.append(row)
    return rows


COMPARISONS = {
    "mixture": mixture,
    "teacher": teacher,
    "neighbour": neighbour,
    "service": service,
    "restart": restart,
    "inspect": inspect,
    "walker": walker,
    "python": python,
    "training": training,
}


def what(case: str) -> str:
    """The part of a case's name that its peers share."""
    return case.partition(", ")[2]


def against(row: Row, peer: str, peer_median: float, peer_unit: str, target: float | None) -> Row:
    """The row with its ratio: how many times cheaper than the peer."""
    ratio = in_microseconds(peer_median, peer_unit) / in_microseconds(row.median, row.unit)
    return Row(row.case, row.median, row.unit, row.repetitions, peer, ratio, target)


def faster_than(row: Row, peer: str, peer_median: float, target: float | None) -> Row:
    """The row of a rate with its ratio: how many times as often as the peer."""
    return replace(row, peer=peer, ratio=row.median / peer_median, target=target)


def in_microseconds(value: float, unit: str) -> float:
    factors = {"ns": 1e-3, "µs": 1.0, "us": 1.0, "ms": 1e3, "s": 1e6}
    if unit not in factors:
        raise BenchError(f"the unit {unit!r} is not a time, so there is no ratio to take")
    return value * factors[unit]


def alternately(commands: list[list[str]], repetitions: int) -> list[dict[str, Row]]:
    """Runs the commands in turn, `repetitions` times, and returns for each the median of every case."""
    values: list[dict[tuple[str, str], list[float]]] = [{} for _ in commands]
    for repetition in range(1, repetitions + 1):
        for command, of_command in zip(commands, values, strict=True):
            print(f"  {repetition}/{repetitions} {program_name(command)}", file=sys.stderr, flush=True)
            for case, median, unit in run(command):
                of_command.setdefault((case, unit), []).append(median)
    return [
        {case: Row(case, statistics.median(runs), unit, len(runs)) for (case, unit), runs in of_command.items()}
        for of_command in values
    ]


def program_name(command: list[str]) -> str:
    """The script or the program that a command runs, without its folder."""
    return next(Path(part).name for part in command if part not in (sys.executable, "-W", "ignore", "taskset", "-c", "0"))


def run(command: list[str]) -> list[tuple[str, float, str]]:
    """The cases that one run of a program measured."""
    result = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if result.returncode != 0:
        raise BenchError(f"{' '.join(command)} failed with exit code {result.returncode}")
    measured, ignored = parse(result.stdout)
    if ignored:
        print(f"  {ignored} line(s) of {program_name(command)} were no measurements", file=sys.stderr)
    if not measured:
        raise BenchError(f"{' '.join(command)} printed no measurement; see the format at the top of bench.py")
    return measured


def parse(output: str) -> tuple[list[tuple[str, float, str]], int]:
    """The measurements in a program's output, and how many lines were something else."""
    measured = []
    ignored = 0
    for line in output.splitlines():
        if not line.strip():
            continue
        try:
            fields = json.loads(line)
            measured.append((str(fields["case"]), float(fields["median"]), str(fields["unit"])))
        except (json.JSONDecodeError, KeyError, TypeError, ValueError):
            ignored += 1
    return measured, ignored


def show(name: str, comparison, rows: list[Row]) -> None:
    print(f"\n{name}: {comparison.__doc__}")
    header = ["case", "median", "peer", "ratio", "target", ""]
    table = [header] + [cells(row) for row in rows]
    widths = [max(len(line[column]) for line in table) for column in range(len(header))]
    for line in table:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def cells(row: Row) -> list[str]:
    ratio = "–" if row.ratio is None else f"{row.ratio:.3g}×"
    target = "–" if row.target is None else f"≥ {row.target:g}×"
    if row.limit is not None:
        target = f"≤ {number(row.limit)} {row.unit}"
    if row.floor is not None:
        target = f"≥ {number(row.floor)} {row.unit}"
    verdict = {None: "", True: "met", False: "MISSED"}[row.met()]
    return [row.case, f"{number(row.median)} {row.unit}", row.peer, ratio, target, verdict]


def number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def machine() -> str:
    """What the figures were measured on."""
    model = platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    except OSError:
        pass
    packages = " ".join(f"{name} {metadata.version(name)}" for name in ("envpool", "gymnasium", "numpy", "optuna", "scikit-learn"))
    load = os.getloadavg()[0]
    return f"{model}, {os.cpu_count()} cores, load {load:.1f}; Python {platform.python_version()}, {packages}"


def parse_arguments() -> argparse.Namespace:
    summaries = [f"  {name:10} {comparison.__doc__}" for name, comparison in COMPARISONS.items()]
    parser = argparse.ArgumentParser(
        prog="./bench",
        description="Measures Magister and its peers alternately on this machine.",
        epilog="comparisons (all, if none is named):\n" + "\n".join(summaries),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("comparison", nargs="*", metavar="comparison", help=", ".join(COMPARISONS))
    parser.add_argument("--repetitions", type=positive, default=5, help="runs of each program (default 5)")
    parser.add_argument("--programs", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--check-arguments", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    for name in arguments.comparison:
        if name not in COMPARISONS:
            parser.error(f"there is no comparison {name!r}; choose from {', '.join(COMPARISONS)}")
    return arguments


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1 is needed")
    return number


def main() -> int:
    arguments = parse_arguments()
    if arguments.check_arguments:
        return 0
    if arguments.programs is None:
        print("bench.py: run ./bench instead, it builds what is measured", file=sys.stderr)
        return 2
    programs = Programs(arguments.programs, arguments.programs.parent / "bench-windows")
    print(machine())
    failed = missed = 0
    for name in arguments.comparison or COMPARISONS:
        comparison = COMPARISONS[name]
        try:
            rows = comparison(programs, arguments.repetitions)
        except BenchError as error:
            print(f"\n{name}: NOT MEASURED: {error}")
            failed += 1
            continue
        show(name, comparison, rows)
        missed += sum(row.met() is False for row in rows)
    print(f"\nbench: {missed} target(s) missed, {failed} comparison(s) not measured")
    return 1 if missed or failed else 0


if __name__ == "__main__":
    sys.exit(main())
