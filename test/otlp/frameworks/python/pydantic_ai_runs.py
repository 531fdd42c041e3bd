from answers import INPUT_TOKENS, OUTPUT_TOKENS, raises, search, slowly
from pydantic_ai import Agent, ModelRetry
from pydantic_ai.messages import ModelResponse, TextPart, ToolCallPart, ToolReturnPart, UserPromptPart
from pydantic_ai.models.function import FunctionModel
from pydantic_ai.usage import RequestUsage

NAME = "pydantic-ai"
PACKAGES = ("pydantic-ai-slim",)


def instrument(provider):
    Agent.instrument_all()


async def answer(messages, info):
    parts = [part for message in messages for part in message.parts]
    prompt = next(part.content for part in parts if isinstance(part, UserPromptPart))
    await slowly(prompt)
    raises(prompt)
    isFirst = len(messages) == 1
    part = ToolCallPart("search_pages", {"query": prompt}) if isFirst else TextPart("Moss grows.")
    usage = RequestUsage(input_tokens=INPUT_TOKENS, output_tokens=OUTPUT_TOKENS)
    return ModelResponse(parts=[part], usage=usage, model_name="fake-small")


agent = Agent(FunctionModel(answer, model_name="fake-small"), name="researcher")


@agent.tool_plain(retries=2)
def search_pages(query: str) -> str:
    try:
        return search(query)
    except ValueError as error:
        raise ModelRetry(str(error)) from error


async def run(prompt):
    await agent.run(prompt)
