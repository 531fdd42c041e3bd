"""Bayesian optimisation with a constraint, over lines of JSON.

The first line is {"names": [...], "seed": N, "most_failures": F, "window": N}. Each further line is
{"point": {...}, "loss": L, "failures": F}; the answer is the next point. Every coordinate is from 0 to 1.
"""

import json
import random
import sys
import warnings

from bayes_opt import BayesianOptimization
from scipy.optimize import NonlinearConstraint


# Points at random before the first that is chosen.
AT_RANDOM = 5


def main() -> None:
    warnings.simplefilter("ignore")
    setting = json.loads(sys.stdin.readline())
    chance = random.Random(setting["seed"])
    seen = []
    for count, line in enumerate(sys.stdin):
        seen.append(json.loads(line))
        if count < AT_RANDOM:
            print(json.dumps({name: chance.random() for name in setting["names"]}), flush=True)
            continue
        # Of points that are evaluated by noisy means, the newest are enough, and keep a step fast.
        seen = seen[-setting["window"] :]
        print(json.dumps(suggest(setting, seen)), flush=True)


def suggest(setting: dict, seen: list) -> dict:
    constraint = NonlinearConstraint(None, lb=0.0, ub=setting["most_failures"])
    optimiser = BayesianOptimization(
        f=None,
        pbounds={name: (0.0, 1.0) for name in setting["names"]},
        constraint=constraint,
        random_state=setting["seed"] + len(seen),
        allow_duplicate_points=True,
        verbose=0,
    )
    optimiser.set_gp_params(alpha=1e-2)
    for one in seen:
        optimiser.register(
            params=one["point"], target=-one["loss"], constraint_value=one["failures"]
        )
    return {name: float(value) for name, value in optimiser.suggest().items()}


main()
