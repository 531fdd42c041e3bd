"""What each setting truly does: the provider goes by it, and the truth beside the report. The sidecar does not know it."""

import heapq
import json
import random
import sys

PAGES = 6  # that a job has read, each by a call
ATTEMPTS = 4  # at a page, each until the timeout

HANGS = 0.05  # share of calls that are never answered
COST = {"large": 0.010, "small": 0.001}  # dollars a call, answered or not
WRONG = {"large": 0.008, "small": 0.009}  # share of answers
MEDIAN_SECONDS, SPREAD = 4.0, 0.35  # of an answer's time, log-normal
LIMIT = 3  # calls of a job at a time, beyond which each is slowed down


def answer_seconds(draw, calls):
    """How long a call takes while `calls` of its job are open; for ever if it hangs."""
    if draw.random() < HANGS:
        return float("inf")
    return draw.lognormvariate(0, SPREAD) * MEDIAN_SECONDS * max(1, calls / LIMIT) ** 1.5


def run_job(draw, model, timeout_seconds, concurrency):
    """Dollars, seconds and success of a job."""
    waiting, open_calls = [(page, 1) for page in range(PAGES)], []
    now, cost, is_right = 0.0, 0.0, True
    while waiting or open_calls:
        while waiting and len(open_calls) < concurrency:
            page, attempt = waiting.pop(0)
            cost += COST[model]
            takes = answer_seconds(draw, len(open_calls) + 1)
            end = now + min(takes, timeout_seconds)
            heapq.heappush(open_calls, (end, page, attempt, takes > timeout_seconds))
        now, page, attempt, is_late = heapq.heappop(open_calls)
        if not is_late:
            is_right = is_right and draw.random() >= WRONG[model]
        elif attempt < ATTEMPTS:
            waiting.append((page, attempt + 1))
        else:
            is_right = False
    return cost, now, is_right


def expected(settings, jobs=20_000):
    """Mean dollars, seconds and success of a job."""
    draw = random.Random(1)
    runs = [run_job(draw, **settings) for _ in range(jobs)]
    return [sum(column) / jobs for column in zip(*runs)]


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(expected(json.loads(line))), flush=True)
