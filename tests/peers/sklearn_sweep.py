"""Times scikit-learn on the work of one ALP-GMM fit: mixtures of K = 2..10 components over a window of 250 points.

The settings are the reference teacher's: full covariance, one k-means initialisation, tolerance 1e-3, regularisation
1e-6. A file holds a list of windows, or the cases of a `gmm_windows` file of the mixture tests; the last column of a
window is the ALP. Prints one JSON object per file, as `bench.py` describes.
"""

import argparse
import json
import statistics
import time
import warnings
from pathlib import Path

import numpy
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

COMPONENTS = range(2, 11)


def windows_of(file: Path) -> list[numpy.ndarray]:
    """The windows in a file, points in rows."""
    content = json.loads(file.read_text())
    if isinstance(content, dict):
        content = [case["points"] for case in content["cases"]]
    return [numpy.array(points, dtype=float) for points in content]


def sweep(points: numpy.ndarray, seed: int) -> float:
    """Fits every number of components, keeps the best by AIC as the teacher does, and returns the milliseconds."""
    started = time.perf_counter()
    min(
        (
            GaussianMixture(
                components,
                covariance_type="full",
                n_init=1,
                tol=1e-3,
                reg_covar=1e-6,
                init_params="kmeans",
                random_state=seed,
            ).fit(points)
            for components in COMPONENTS
        ),
        key=lambda mixture: mixture.aic(points),
    )
    return (time.perf_counter() - started) * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", type=Path, nargs="+", help="files of windows, of one width each")
    parser.add_argument("--seeds", type=int, default=2, help="sweeps per window")
    arguments = parser.parse_args()
    # Degenerate windows are part of the work, and so is running into the limit of 100 iterations.
    warnings.simplefilter("ignore", ConvergenceWarning)
    for file in arguments.files:
        windows = windows_of(file)
        sweep(windows[0], seed=0)
        times = [sweep(points, seed) for points in windows for seed in range(arguments.seeds)]
        median = round(statistics.median(times), 3)
        case = f"scikit-learn, width {windows[0].shape[1]}"
        print(json.dumps({"bench": "mixture", "case": case, "median": median, "unit": "ms"}), flush=True)


if __name__ == "__main__":
    main()
