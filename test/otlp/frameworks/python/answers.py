"""What the model of every framework does, whatever it is asked through."""

import asyncio

INPUT_TOKENS = 50
OUTPUT_TOKENS = 7


async def slowly(prompt):
    if prompt == "slow":
        await asyncio.sleep(5)


def raises(prompt):
    if prompt == "sand":
        raise RuntimeError("rate limit")


def search(query: str) -> str:
    """Search pages.

    Args:
        query: what
    """
    if query == "stone":
        raise ValueError("search index is gone")
    return "three pages found"
