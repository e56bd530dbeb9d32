"""Times Optuna's ask and tell with its random sampler, where every trial is kept on disk as a task of ours is.

Two of its storages: SQLite in this process, and the gRPC proxy before SQLite, which is what several workers share.
Prints one JSON object per storage, as `bench.py` describes: trials per second of one client that asks and tells in turn.
"""

import argparse
import json
import multiprocessing
import socket
import tempfile
import time
from pathlib import Path

import optuna
from optuna.storages import GrpcStorageProxy, RDBStorage, run_grpc_proxy_server


def trials_per_second(storage: optuna.storages.BaseStorage, seconds: float) -> float:
    """Asks for trials of two numbers and tells their values."""
    study = optuna.create_study(storage=storage, sampler=optuna.samplers.RandomSampler(seed=1), direction="maximize")
    dimension = optuna.distributions.FloatDistribution(0.0, 1.0)
    trials = 0
    started = time.perf_counter()
    while time.perf_counter() - started < seconds:
        trial = study.ask({"x": dimension, "y": dimension})
        study.tell(trial, sum(trial.params.values()))
        trials += 1
    return trials / (time.perf_counter() - started)


def serve(file: Path, port: int) -> None:
    """Runs the proxy until this process is killed."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    run_grpc_proxy_server(RDBStorage(f"sqlite:///{file}"), host="localhost", port=port)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("localhost", 0))
        return listener.getsockname()[1]


def report(case: str, rate: float) -> None:
    print(json.dumps({"case": case, "median": rate, "unit": "episodes/s"}), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=3.0, help="how long each storage is measured")
    seconds = parser.parse_args().seconds
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        report("optuna on SQLite, ask and tell", trials_per_second(RDBStorage(f"sqlite:///{folder}/a.db"), seconds))
        port = free_port()
        server = multiprocessing.get_context("spawn").Process(target=serve, args=(Path(folder) / "b.db", port))
        server.start()
        try:
            proxy = GrpcStorageProxy(host="localhost", port=port)
            proxy.wait_server_ready(timeout=60)
            report("optuna's gRPC proxy over SQLite, ask and tell", trials_per_second(proxy, seconds))
        finally:
            server.terminate()
            server.join()


if __name__ == "__main__":
    main()
