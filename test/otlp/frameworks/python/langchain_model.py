from answers import INPUT_TOKENS, OUTPUT_TOKENS, raises, search, slowly
from langchain.agents import create_agent
from langchain.agents.middleware import wrap_tool_call
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import tool


class Fake(BaseChatModel):
    model_name: str = "fake-small"

    @property
    def _llm_type(self):
        return "fake"

    def bind_tools(self, tools, **kwargs):
        return self

    def _generate(self, messages, stop=None, run_manager=None, **kwargs):
        prompt = next(one.content for one in messages if isinstance(one, HumanMessage))
        raises(prompt)
        usage = {
            "input_tokens": INPUT_TOKENS,
            "output_tokens": OUTPUT_TOKENS,
            "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
        }
        is_first = not any(isinstance(one, ToolMessage) for one in messages)
        calls = [{"name": "search_pages", "args": {"query": prompt}, "id": "c1"}] if is_first else []
        message = AIMessage(
            content="" if is_first else "Moss grows.",
            tool_calls=calls,
            usage_metadata=usage,
            response_metadata={"model_name": self.model_name},
        )
        return ChatResult(generations=[ChatGeneration(message=message)])

    async def _agenerate(self, messages, stop=None, run_manager=None, **kwargs):
        await slowly(next(one.content for one in messages if isinstance(one, HumanMessage)))
        return self._generate(messages)


@tool
def search_pages(query: str) -> str:
    """Search pages."""
    return search(query)


@wrap_tool_call
async def tell_errors(request, handler):
    try:
        return await handler(request)
    except ValueError as error:
        return ToolMessage(content=str(error), tool_call_id=request.tool_call["id"], status="error")


agent = create_agent(Fake(), tools=[search_pages], name="researcher", middleware=[tell_errors])


async def run(prompt):
    await agent.ainvoke({"messages": [HumanMessage(prompt)]})
