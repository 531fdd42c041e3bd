from answers import INPUT_TOKENS, OUTPUT_TOKENS, raises, search, slowly
from google.adk.agents import LlmAgent
from google.adk.models import BaseLlm, LlmResponse
from google.adk.runners import InMemoryRunner
from google.genai import types

NAME = "google-adk"
PACKAGES = ("google-adk",)
USER = "someone"


def instrument(provider):
    pass


class Fake(BaseLlm):
    async def generate_content_async(self, llm_request, stream=False):
        parts = [part for content in llm_request.contents for part in content.parts or []]
        prompt = next(part.text for part in parts if part.text)
        await slowly(prompt)
        raises(prompt)
        is_first = not any(part.function_response for part in parts)
        part = (
            types.Part.from_function_call(name="search_pages", args={"query": prompt})
            if is_first
            else types.Part(text="Moss grows.")
        )
        yield LlmResponse(
            content=types.Content(role="model", parts=[part]),
            usage_metadata=types.GenerateContentResponseUsageMetadata(
                prompt_token_count=INPUT_TOKENS,
                candidates_token_count=OUTPUT_TOKENS,
                total_token_count=INPUT_TOKENS + OUTPUT_TOKENS,
            ),
        )


def search_pages(query: str) -> str:
    """Search pages."""
    try:
        return search(query)
    except ValueError as error:
        return str(error)


agent = LlmAgent(name="researcher", model=Fake(model="fake-small"), tools=[search_pages])
runner = InMemoryRunner(agent=agent, app_name="runs")


async def run(prompt):
    session = await runner.session_service.create_session(app_name="runs", user_id=USER)
    message = types.Content(role="user", parts=[types.Part(text=prompt)])
    async for _ in runner.run_async(user_id=USER, session_id=session.id, new_message=message):
        pass
