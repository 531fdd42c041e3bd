from langchain_model import run as run
from openinference.instrumentation.langchain import LangChainInstrumentor

NAME = "langchain, OpenInference"
PACKAGES = ("langchain", "openinference-instrumentation-langchain")


def instrument(provider):
    LangChainInstrumentor().instrument(tracer_provider=provider)
