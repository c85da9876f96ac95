"""The words of OpenTelemetry's conventions for generative AI, as of version 1.41.

Source: https://opentelemetry.io/docs/specs/semconv/gen-ai/
"""

from __future__ import annotations

OPERATION = "gen_ai.operation.name"
PROVIDER = "gen_ai.provider.name"
REQUEST_MODEL = "gen_ai.request.model"
RESPONSE_MODEL = "gen_ai.response.model"
FINISH_REASONS = "gen_ai.response.finish_reasons"
CONVERSATION = "gen_ai.conversation.id"
AGENT = "gen_ai.agent.name"
TOOL = "gen_ai.tool.name"
TOOL_TYPE = "gen_ai.tool.type"
TOOL_CALL = "gen_ai.tool.call.id"
TOOL_ARGUMENTS = "gen_ai.tool.call.arguments"
TOOL_RESULT = "gen_ai.tool.call.result"
INPUT_MESSAGES = "gen_ai.input.messages"
OUTPUT_MESSAGES = "gen_ai.output.messages"
INPUT_TOKENS = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
CACHE_READ_TOKENS = "gen_ai.usage.cache_read.input_tokens"
CACHE_WRITE_TOKENS = "gen_ai.usage.cache_creation.input_tokens"
REASONING_TOKENS = "gen_ai.usage.reasoning.output_tokens"
TOKEN_TYPE = "gen_ai.token.type"  # noqa: S105 — the kind of a token of a model, no secret
ERROR = "error.type"

# What the conventions have no word for.
COST_USD = "flowai.usage.cost_usd"
RUN = "flowai.run.id"
TENANT = "flowai.tenant"
POSITION = "flowai.position"
ATTEMPTS = "flowai.attempts"
APPROVAL = "flowai.approval.id"
APPROVAL_KIND = "flowai.approval.kind"
DECISION = "flowai.approval.decision"
LIMIT = "flowai.limit"

_PROVIDERS = {
    "azure": "azure.ai.openai",
    "gemini": "gcp.gemini",
    "google": "gcp.gemini",
    "mistral": "mistral_ai",
    "xai": "x_ai",
}

_PREFIXES = {
    "claude": "anthropic",
    "gpt": "openai",
    "chatgpt": "openai",
    "o1": "openai",
    "o3": "openai",
    "o4": "openai",
    "gemini": "gcp.gemini",
    "mistral": "mistral_ai",
    "deepseek": "deepseek",
    "grok": "x_ai",
}


def provider_of(model: str) -> str:
    """Return the conventions' word for who serves a model, as well as its name tells.

    Example:
        >>> provider_of("claude-haiku-4-5"), provider_of("gemini:gemini-2.5-flash"), provider_of("my-model")
        ('anthropic', 'gcp.gemini', '_OTHER')
    """
    named, colon, _ = model.partition(":")
    if colon:
        return _PROVIDERS.get(named, named)
    return next((provider for prefix, provider in _PREFIXES.items() if model.startswith(prefix)), "_OTHER")
