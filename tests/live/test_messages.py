"""What a model is given and gives back: conversations, files, whole answers."""

import base64
from pathlib import Path
from typing import Any, cast

import pytest

from flowai import CallModel, CallTool, Do, File, ModelAnswer, Models, Tools, program
from flowai.errors import ProgramError
from flowai.interpreters import Eval, Live, Test
from flowai_harness import Calls, Says, Thinks, define_tool
from tests.live.anthropic_wire import SIGNATURE
from tests.live.server import Call, Reply, Server, serving

PNG = b"\x89PNG\r\n\x1a\n rest"
PDF = b"%PDF-1.7 rest"


@define_tool(access="read")
def count(of: str) -> int:
    """Count."""
    return len(of)


@program
def conversation(model: str) -> Do[Models | Tools, ModelAnswer]:
    asked: list[Any] = [{"role": "user", "text": "How long is `word`?"}]
    first = yield from CallModel(model, messages=asked, tools=[count], output=ModelAnswer)
    (call,) = first.tool_calls
    counted = yield from CallTool(count, **call.arguments)
    answered = {"role": "tool", "call_id": call.id, "name": call.name, "content": counted}
    return (yield from CallModel(model, messages=[*asked, first, answered], tools=[count], output=ModelAnswer))


TURNS = [Reply("I count.", thinking="four?", calls=(Call("count", {"of": "word"}),)), Reply("Four.")]


def live(server: Server) -> Live[Any]:
    chat: Any = {"baseUrl": f"{server.url}/v1"}
    return Live(providers={"anthropic": {"baseUrl": server.url}, "openai": chat, "openai-chat": chat})


@pytest.mark.parametrize("model", ["claude-x", "gpt-x", "openai-chat:gpt-x"])
def test_a_whole_answer_can_be_sent_back(model: str) -> None:
    with serving(list(TURNS)) as server:
        run = Eval(live(server)).run(conversation(model))
    answer = run.value
    assert (answer.text, answer.tool_calls, answer.usage.output_tokens) == ("Four.", [], 5)
    assert answer.model == model.removeprefix("openai-chat:")
    again = server.asked[1]
    assert [each["role"] for each in again.messages if each["role"] != "assistant"] == ["user", "tool"]
    assert (SIGNATURE in str(again.body)) == (model == "claude-x")
    assert ("sealed" in str(again.body)) == (model == "gpt-x")
    assert Eval(Live()).replay(run.recording).run(conversation(model)).value == answer


def test_a_script_answers_whole_too() -> None:
    test = Test(script=[Thinks("four?") + Says("I count.") + Calls("count", of="word"), "Four."])
    assert test.run(conversation("m")).value.text == "Four."


def test_a_gateway_sees_and_gives_whole_answers() -> None:
    seen: list[Any] = []
    parts = [{"type": "thinking", "text": "hm", "extras": {"signature": "s"}}]

    def gateway(call: CallModel[Any]) -> ModelAnswer:
        seen.append(call.messages)
        return ModelAnswer(text="hello", parts=parts, api="house")

    @program
    def twice() -> Do[Models, ModelAnswer]:
        first = yield from CallModel("m", "hello", output=ModelAnswer)
        return (yield from CallModel("m", messages=[first, {"role": "user", "text": "again"}], output=ModelAnswer))

    answer = Live().handling(CallModel, gateway).run(twice()).value
    assert (answer.text, answer.api, answer.parts) == ("hello", "house", parts)
    assert seen[1][0]["parts"] == parts
    assert seen[1][0]["api"] == "house"


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ({"role": "usr", "text": "x"}, "did you mean `user`?"),
        ({"text": "x"}, "has the role `None`"),
        ({"role": "user", "txt": "x"}, "did you mean `text`?"),
        ({"role": "user", "content": [{"type": "text", "text": "x"}]}, "the `text` of message 0"),
        ({"role": "assistant", "text": "x", "files": []}, "has the key `files`"),
        ({"role": "tool", "content": 3}, "the `call_id` of message 0"),
        ({"role": "user", "text": "x", "files": ["menu.pdf"]}, "File.at(path)"),
        ("hello", "message 0 is a `str`"),
    ],
)
def test_what_is_no_message_is_refused_by_name(message: Any, said: str) -> None:
    with pytest.raises(ProgramError) as caught:
        CallModel("m", messages=[message])
    assert said in str(caught.value)


def test_what_is_no_part_is_refused_when_it_is_asked() -> None:
    message = {"role": "assistant", "text": "x", "parts": [{"type": "poem"}]}
    assert isinstance(Test(script=["x"]).run(CallModel("m", messages=[message])).result.failure(), ProgramError)


@pytest.mark.parametrize("model", ["claude-x", "gpt-x", "openai-chat:gpt-x"])
def test_pictures_and_documents_are_sent(model: str, tmp_path: Path) -> None:
    (tmp_path / "menu.pdf").write_bytes(PDF)
    files = [File(PNG), File.at(tmp_path / "menu.pdf")]
    with serving([Reply("a menu")]) as server:
        assert live(server).run(CallModel(model, "What is this?", files=files)).value == "a menu"
    sent = str(server.asked[0].body)
    assert base64.b64encode(PNG).decode() in sent
    assert base64.b64encode(PDF).decode() in sent
    assert "What is this?" in sent


def test_a_file_knows_what_it_is() -> None:
    kinds = {
        content: File(content).media_type for content in (PNG, PDF, b"\xff\xd8\xff\xe0", b"GIF89a", b"RIFF1234WEBP")
    }
    assert list(kinds.values()) == ["image/png", "application/pdf", "image/jpeg", "image/gif", "image/webp"]
    assert File(b"a,b", name="rows.csv").media_type == "text/csv"
    assert File.from_url("https://example.org/a.png?x=1").to_json() == {
        "media_type": "image/png",
        "url": "https://example.org/a.png?x=1",
    }
    assert "rest" not in repr(File(PDF))
    with pytest.raises(ProgramError, match="media type"):
        File(b"?")
    with pytest.raises(ProgramError, match="write `File"):
        File(cast("Any", "menu.pdf"))
    with pytest.raises(ProgramError, match="belong to a prompt"):
        CallModel("m", messages=[], files=[File(PNG)])
