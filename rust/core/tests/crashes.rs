//! Crash schedules: whatever dies when, nothing that was acknowledged is lost and no write is made twice unseen.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "a failing test may panic")]

mod support;

use std::ops::Range;

use support::life::live;
use support::recipe::{Cook, Recipe};
use support::simulated::Mutant;

/// How many schedules each program is put through.
const SCHEDULES_EACH: u64 = 4;

/// Within how many schedules each seeded bug has to be found.
const SEEDS_MAX: u64 = 10_000;

/// How many schedules are tried; `FLOWAI_SCHEDULES` asks for more, which takes a release build.
#[expect(clippy::disallowed_methods, reason = "a test may be told to try more")]
fn schedules() -> u64 {
    std::env::var("FLOWAI_SCHEDULES").ok().and_then(|count| count.parse().ok()).unwrap_or(4_000)
}

fn recipe(seed: u64) -> Recipe {
    let mut cook = Cook::new(seed / SCHEDULES_EACH);
    Recipe::Sequence(vec![cook.draw(2), cook.draw(1)])
}

/// The first seed whose schedule breaks a promise, and how.
fn broken(seeds: Range<u64>, mutant: Mutant) -> Option<(u64, Vec<String>)> {
    let (start, mut whole) = (seeds.start, String::new());
    seeds.into_iter().find_map(|seed| {
        let recipe = recipe(seed);
        if seed % SCHEDULES_EACH == 0 || seed == start {
            whole = live(&recipe, seed, 0, Mutant::None).end;
        }
        let torn = live(&recipe, seed, 3, mutant);
        let mut violations = torn.violations;
        if torn.end != whole {
            violations.push(format!("it came to {} and not to {whole}", torn.end));
        }
        (!violations.is_empty()).then_some((seed, violations))
    })
}

/// Two halves, so that two of them run at once.
fn half(second: bool) -> Range<u64> {
    let (all, half) = (schedules(), schedules() / 2);
    if second { half..all } else { 0..half }
}

#[test]
fn no_schedule_of_crashes_breaks_a_promise() {
    assert_eq!(broken(half(false), Mutant::None), None);
    println!("{} schedules of crashes, 0 violations", half(false).count());
}

#[test]
fn no_further_schedule_of_crashes_breaks_a_promise() {
    assert_eq!(broken(half(true), Mutant::None), None);
    println!("{} further schedules of crashes, 0 violations", half(true).count());
}

#[test]
fn the_schedules_do_crash_and_people_are_asked() {
    let (mut crashes, mut gated, mut doubted) = (0, 0, 0);
    for seed in 0..1_000 {
        let schedule = live(&recipe(seed), seed, 3, Mutant::None);
        crashes += schedule.crashes;
        gated += schedule.gated;
        doubted += schedule.doubted;
    }
    println!("1,000 schedules: {crashes} crashes, {gated} gated writes, {doubted} questions about a write in doubt");
    assert!(crashes > 1_000 && gated > 250 && doubted > 150, "{crashes} {gated} {doubted}");
}

#[test]
fn every_seeded_bug_is_caught() {
    for mutant in Mutant::ALL {
        let caught = broken(0..SEEDS_MAX, mutant);
        let (seed, violations) = caught.unwrap_or_else(|| panic!("{mutant:?} is not caught"));
        println!("{mutant:?} is caught by schedule {seed}: {}", violations.join("; "));
    }
}
