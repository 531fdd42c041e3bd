from langchain_model import run as run
from opentelemetry.instrumentation.langchain import LangchainInstrumentor

NAME = "langchain, OpenLLMetry"
PACKAGES = ("langchain", "opentelemetry-instrumentation-langchain")


def instrument(provider):
    LangchainInstrumentor().instrument(tracer_provider=provider)
