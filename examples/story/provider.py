"""Stands for a provider of models, and does what is planted."""

import asyncio
import random
from contextvars import ContextVar

from planted import COST, WRONG, answer_seconds
from pydantic_ai.messages import ModelResponse, TextPart
from pydantic_ai.models.function import FunctionModel


class Calls:
    """The calls of one job."""

    def __init__(self):
        self.open, self.cost = 0, 0.0


calls_of_job: ContextVar[Calls] = ContextVar("calls_of_job")


def model_of(name):
    async def answer(messages, info):
        calls = calls_of_job.get()
        calls.cost += COST[name]
        calls.open += 1
        try:
            # Longer than any timeout stands for a call that hangs.
            await asyncio.sleep(min(answer_seconds(random, calls.open), 3600))
        finally:
            calls.open -= 1
        is_wrong = random.random() < WRONG[name]
        return ModelResponse(parts=[TextPart("wrong" if is_wrong else "right")], model_name=name)

    return FunctionModel(answer, model_name=name)
