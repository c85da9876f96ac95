//! Recipes: programs as data, drawn from a seed, so that each life of a run builds the same one.

use std::collections::BTreeSet;

use flowai_core::machine::{Dice, Program};
use serde_json::json;

use super::programs::{bind, call, catch, ensure, for_each, gated, pure, retry, sequence, sleep, timeout};
use flowai_core::value::Value;

/// A program to be built as often as a run is begun.
#[derive(Clone, Debug)]
pub enum Recipe {
    Read(i64),
    Write(i64),
    Once(i64),
    Gated(i64),
    Sleep(i64),
    Failing,
    Sequence(Vec<Recipe>),
    Gather(Vec<Recipe>),
    Race(Vec<Recipe>),
    Each(usize),
    Catch(Box<Recipe>),
    Ensure(Box<Recipe>, Box<Recipe>),
    Retry(Box<Recipe>),
    Timeout(Box<Recipe>, i64),
}

/// Draws recipes.
pub struct Cook {
    dice: Dice,
    rows: i64,
}

impl Cook {
    pub fn new(seed: u64) -> Self {
        Self { dice: Dice::new(seed), rows: 0 }
    }

    fn row(&mut self) -> i64 {
        self.rows += 1;
        self.rows
    }

    fn several(&mut self, depth: u32) -> Vec<Recipe> {
        (0..2 + self.dice.below(2)).map(|_| self.draw(depth)).collect()
    }

    pub fn draw(&mut self, depth: u32) -> Recipe {
        let kinds = if depth == 0 { 6 } else { 14 };
        match self.dice.below(kinds) {
            0 => Recipe::Read(self.row()),
            1 => Recipe::Write(self.row()),
            2 | 3 => Recipe::Once(self.row()),
            4 => Recipe::Gated(self.row()),
            5 => Recipe::Sleep(i64::try_from(self.dice.below(50)).unwrap()),
            6 | 7 => Recipe::Sequence(self.several(depth - 1)),
            8 => Recipe::Gather(self.several(depth - 1)),
            9 => Recipe::Each(2 + self.dice.below(3)),
            10 => Recipe::Catch(Box::new(Recipe::Sequence(vec![self.draw(depth - 1), Recipe::Failing]))),
            11 => Recipe::Ensure(Box::new(self.draw(depth - 1)), Box::new(Recipe::Write(self.row()))),
            12 => Recipe::Retry(Box::new(Recipe::Sequence(vec![Recipe::Read(self.row()), Recipe::Write(self.row())]))),
            _ => {
                let inner = Recipe::Sequence(vec![Recipe::Read(self.row()), Recipe::Sleep(10)]);
                Recipe::Timeout(Box::new(inner), if self.dice.below(2) == 0 { 5 } else { 1_000 })
            }
        }
    }
}

impl Recipe {
    /// The rows of its writes that need a human.
    pub fn gated(&self) -> BTreeSet<i64> {
        match self {
            Self::Gated(row) => BTreeSet::from([*row]),
            Self::Sequence(recipes) | Self::Gather(recipes) | Self::Race(recipes) => {
                recipes.iter().flat_map(Self::gated).collect()
            }
            Self::Catch(recipe) | Self::Retry(recipe) | Self::Timeout(recipe, _) => recipe.gated(),
            Self::Ensure(recipe, cleanup) => &recipe.gated() | &cleanup.gated(),
            Self::Read(_) | Self::Write(_) | Self::Once(_) | Self::Sleep(_) | Self::Failing | Self::Each(_) => {
                BTreeSet::new()
            }
        }
    }

    /// The program; without a gate its writes ask nobody.
    pub fn build(&self, has_gate: bool) -> Program {
        let all = |recipes: &[Self]| recipes.iter().map(|recipe| recipe.build(has_gate)).collect::<Vec<_>>();
        match self {
            Self::Read(row) => call("read", *row),
            Self::Write(row) => call("write", *row),
            Self::Gated(row) if has_gate => gated("once", *row),
            Self::Once(row) | Self::Gated(row) => call("once", *row),
            Self::Sleep(wait_ms) => sleep(*wait_ms),
            Self::Failing => super::programs::fail("it broke"),
            Self::Sequence(recipes) => sequence(all(recipes)),
            Self::Gather(recipes) => Program::Gather(all(recipes)),
            Self::Race(recipes) => Program::Race(all(recipes)),
            Self::Each(count) => for_each(*count, 2, |index| call("write", 1_000 + i64::try_from(index).unwrap())),
            Self::Catch(recipe) => catch(recipe.build(has_gate), pure(json!("mended"))),
            Self::Ensure(recipe, cleanup) => ensure(recipe.build(has_gate), cleanup.build(has_gate)),
            Self::Retry(recipe) => {
                let recipe = recipe.clone();
                retry(3, move || recipe.build(has_gate))
            }
            Self::Timeout(recipe, wait_ms) => catch(
                bind(timeout(recipe.build(has_gate), *wait_ms), |value: Value| Program::Pure(value)),
                pure(json!("late")),
            ),
        }
    }
}
