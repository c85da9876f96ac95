//! A program inside another one.

use super::program::Program;
use crate::value::Value;

/// A program inside another one, on the heap.
///
/// # Laws
/// - dropping it needs no stack, however deep programs are nested: law 15.
pub struct Nested(Option<Box<Program>>);

impl Nested {
    /// Puts a program inside another one.
    #[must_use]
    pub fn new(program: Program) -> Self {
        Self(Some(Box::new(program)))
    }

    /// The program.
    #[must_use]
    pub fn open(mut self) -> Program {
        // It is there until it is opened or dropped.
        self.0.take().map_or_else(|| Program::Pure(Value::null()), |program| *program)
    }
}

impl From<Program> for Nested {
    fn from(program: Program) -> Self {
        Self::new(program)
    }
}

impl Drop for Nested {
    fn drop(&mut self) {
        let Some(program) = self.0.take() else { return };
        let mut unopened = vec![*program];
        while let Some(program) = unopened.pop() {
            unnest(program, &mut unopened);
        }
    }
}

/// Takes the programs out of one, so that it is dropped without them.
fn unnest(program: Program, unopened: &mut Vec<Program>) {
    match program {
        Program::Bind(inner, _) | Program::Timeout(inner, _) | Program::Catch(inner, _) => unopened.push(inner.open()),
        Program::Ensure(inner, cleanup) => unopened.extend([inner.open(), cleanup.open()]),
        Program::Gather(programs) | Program::Race(programs) | Program::Fallback(programs) => unopened.extend(programs),
        Program::Pure(_)
        | Program::Fail(_)
        | Program::Ask(_)
        | Program::Loop(_)
        | Program::Host(_)
        | Program::ForEach(..)
        | Program::Retry(_) => {}
    }
}
