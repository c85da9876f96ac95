"""The schema of one row of a dataset."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

CLOSED = ConfigDict(extra="forbid")

Named = Annotated[str, Field(min_length=1)]
"""A tool, by its name alone."""


class StepRow(BaseModel):
    """One step of a trajectory."""

    model_config = CLOSED

    name: str = Field(min_length=1)
    arguments: dict[str, Any] | None = None
    """Values may be marks: `{"$any": true}`, `{"$one_of": [...]}`, `{"$near": 3, "within": 0.5}`."""


class Called(BaseModel):
    """What a scripted model calls."""

    model_config = CLOSED

    name: str
    arguments: dict[str, Any] = Field(default_factory=dict)
    """Values may look back: `{"$ref": "StockReport"}` is the handle stored last, `{"$answer": "draft"}` what a tool
    answered last."""


class Turn(BaseModel):
    """One answer of a scripted model: exactly one of these."""

    model_config = CLOSED

    says: str | None = None
    thinks: str | None = None
    calls: Called | list[Called] | None = None
    """Several are parallel calls."""
    answers: Any = None
    """A value of the type that was asked for."""
    fails: str | None = None


class DecisionRow(BaseModel):
    """What a human decides."""

    model_config = CLOSED

    decision: Literal["approve", "reject"]
    reason: str | None = None
    actions: list[int] | None = None
    edits: dict[str, Any] | None = None


Script = list[Turn | str]


class CaseRow(BaseModel):
    """One case: a question, who answers it, and what a good run of it looks like."""

    model_config = CLOSED

    id: str = Field(min_length=1)
    prompt: str
    agent: str | None = None
    """The specialist that is asked, in place of the coordinator."""
    expected_trajectory: list[Named | StepRow] | None = None
    expected_actions: list[dict[str, Any]] | None = None
    expected_response: Any = None
    before: list[tuple[int, int]] = Field(default_factory=list[tuple[int, int]])
    """Pairs of places in the trajectory, the first before the second."""
    tags: list[str] = Field(default_factory=list)
    script: Script | dict[str, Script] | None = None
    """What models say, as one list or by agent."""
    mock_response: str | None = None
    """What every model call is answered with, in place of a script."""
    decisions: list[Literal["approve", "reject"] | DecisionRow] | None = None
    seed: int | None = None
    recording: str | None = None
    """The file of a recorded run, beside the dataset."""
    metadata: dict[str, Any] = Field(default_factory=dict)


class DatasetFile(BaseModel):
    """A file of cases; a bare list of cases will do too."""

    model_config = CLOSED

    name: str | None = None
    cases: list[CaseRow]


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a dataset, for editors.

    Example:
        >>> json_schema()["title"]
        'DatasetFile'
    """
    return DatasetFile.model_json_schema()
