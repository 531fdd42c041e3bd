from agents import Agent, Model, ModelResponse, Runner, function_tool
from agents.usage import Usage
from answers import INPUT_TOKENS, OUTPUT_TOKENS, raises, search, slowly
from openai.types.responses import (
    ResponseFunctionToolCall,
    ResponseOutputMessage,
    ResponseOutputText,
)
from agents.tracing import generation_span
from openinference.instrumentation.openai_agents import OpenAIAgentsInstrumentor

NAME = "openai-agents, OpenInference"
PACKAGES = ("openai-agents", "openinference-instrumentation-openai-agents")


def instrument(provider):
    OpenAIAgentsInstrumentor().instrument(tracer_provider=provider)


class Fake(Model):
    async def get_response(self, system_instructions, input, *args, **kwargs):
        items = [{"role": "user", "content": input}] if isinstance(input, str) else input
        prompt = next(item["content"] for item in items if item.get("role") == "user")
        usage = {"input_tokens": INPUT_TOKENS, "output_tokens": OUTPUT_TOKENS}
        with generation_span(model="fake-small") as span:
            await slowly(prompt)
            raises(prompt)
            span.span_data.usage = usage
        is_first = not any(item.get("type") == "function_call_output" for item in items)
        output = (
            ResponseFunctionToolCall(
                arguments=f'{{"query": "{prompt}"}}',
                call_id="c1",
                name="search_pages",
                type="function_call",
            )
            if is_first
            else ResponseOutputMessage(
                id="m1",
                content=[ResponseOutputText(annotations=[], text="Moss grows.", type="output_text")],
                role="assistant",
                status="completed",
                type="message",
            )
        )
        total = INPUT_TOKENS + OUTPUT_TOKENS
        return ModelResponse(
            output=[output],
            usage=Usage(requests=1, total_tokens=total, **usage),
            response_id=None,
        )

    def stream_response(self, *args, **kwargs):
        raise NotImplementedError


@function_tool
def search_pages(query: str) -> str:
    """Search pages."""
    return search(query)


agent = Agent(name="researcher", model=Fake(), tools=[search_pages])


async def run(prompt):
    await Runner.run(agent, prompt)
