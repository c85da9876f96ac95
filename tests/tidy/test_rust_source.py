"""The reader of Rust source, on the spellings that could fool it."""

from tests.tidy.rust_source import functions, names

SOURCE = """
/// fn in_a_comment() {
fn short(size: [u8; 2]) -> char { '{' }
trait Stepper { fn step(&self) -> u8; }
impl Stepper for Machine {
    fn step<'a>(&'a self) -> u8 {
        let text = "fn in_a_string() {";
        let raw = r#"a "quoted" {"#;
        1
    }
}
"""


def test_functions_end_at_their_own_brace() -> None:
    assert list(functions(SOURCE)) == [("short", 1), ("step", 5)]


def test_names_in_comments_and_strings_do_not_count() -> None:
    assert list(names(SOURCE + "// struct Ghost\npub(crate) enum Face {}")) == ["Stepper", "Face"]
