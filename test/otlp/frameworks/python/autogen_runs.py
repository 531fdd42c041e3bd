from answers import INPUT_TOKENS, OUTPUT_TOKENS, raises, search, slowly
from autogen_agentchat.agents import AssistantAgent
from autogen_core import FunctionCall
from autogen_core.models import ChatCompletionClient, CreateResult, ModelInfo, RequestUsage

NAME = "autogen"
PACKAGES = ("autogen-core", "autogen-agentchat")


def instrument(provider):
    pass


USAGE = RequestUsage(prompt_tokens=INPUT_TOKENS, completion_tokens=OUTPUT_TOKENS)


class Fake(ChatCompletionClient):
    def __init__(self, prompt):
        self.prompt = prompt
        self.calls = 0

    async def create(self, messages, **kwargs):
        await slowly(self.prompt)
        raises(self.prompt)
        self.calls += 1
        call = FunctionCall(
            id="c1", name="search_pages", arguments=f'{{"query": "{self.prompt}"}}'
        )
        content = [call] if self.calls == 1 else "Moss grows."
        reason = "function_calls" if self.calls == 1 else "stop"
        return CreateResult(finish_reason=reason, content=content, usage=USAGE, cached=False)

    def create_stream(self, *args, **kwargs):
        raise NotImplementedError

    async def close(self):
        pass

    def actual_usage(self):
        return USAGE

    def total_usage(self):
        return USAGE

    def count_tokens(self, *args, **kwargs):
        return 0

    def remaining_tokens(self, *args, **kwargs):
        return 1000

    @property
    def capabilities(self):
        return self.model_info

    @property
    def model_info(self):
        return ModelInfo(
            vision=False,
            function_calling=True,
            json_output=False,
            family="unknown",
            structured_output=False,
        )


async def search_pages(query: str) -> str:
    """Search pages."""
    return search(query)


async def run(prompt):
    agent = AssistantAgent(
        "researcher", model_client=Fake(prompt), tools=[search_pages], reflect_on_tool_use=True
    )
    await agent.run(task=prompt)
