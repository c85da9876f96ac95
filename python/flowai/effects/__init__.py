"""Effects: the questions a program asks, one class each."""

from flowai.effects.advance_plan import AdvancePlan
from flowai.effects.await_approval import AwaitApproval
from flowai.effects.call_agent import CallAgent
from flowai.effects.call_model import CallModel
from flowai.effects.call_tool import CallTool
from flowai.effects.codec import Codec
from flowai.effects.draw_id import DrawId
from flowai.effects.draw_number import DrawNumber
from flowai.effects.effect import Effect
from flowai.effects.families import (
    FAMILIES,
    Agents,
    Approvals,
    Chance,
    Clock,
    Models,
    Plans,
    References,
    Tools,
)
from flowai.effects.file import File
from flowai.effects.load_plan import LoadPlan
from flowai.effects.load_ref import LoadRef
from flowai.effects.model_answer import ModelAnswer
from flowai.effects.read_clock import ReadClock
from flowai.effects.sleep import Sleep
from flowai.effects.store_plan import StorePlan
from flowai.effects.store_ref import StoreRef
from flowai.specs.plan_instance import PlanAction, PlanInstance

__all__ = [
    "FAMILIES",
    "AdvancePlan",
    "Agents",
    "Approvals",
    "AwaitApproval",
    "CallAgent",
    "CallModel",
    "CallTool",
    "Chance",
    "Clock",
    "Codec",
    "DrawId",
    "DrawNumber",
    "Effect",
    "File",
    "LoadPlan",
    "LoadRef",
    "ModelAnswer",
    "Models",
    "PlanAction",
    "PlanInstance",
    "Plans",
    "ReadClock",
    "References",
    "Sleep",
    "StorePlan",
    "StoreRef",
    "Tools",
]
