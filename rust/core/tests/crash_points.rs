//! Crash points: at each write of each program the process dies, before it, in it and after it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "a failing test may panic")]

mod support;

use support::life::{World, go_on, live_on};
use support::recipe::{Cook, Recipe};
use support::simulated::{Disk, Moment, Mutant, Point};

const PROGRAMS: u64 = 20;

fn recipe(number: u64) -> Recipe {
    let mut cook = Cook::new(number);
    Recipe::Sequence(vec![cook.draw(2), Recipe::Gated(100), Recipe::Once(101), cook.draw(2)])
}

/// How a run went on after its process had died at a point: `resumed`, or with which error it stopped.
fn outcome(recipe: &Recipe, seed: u64, point: Point, whole: &str) -> String {
    let schedule = live_on(&Disk::failing(point), recipe, seed, 0);
    assert_eq!((schedule.crashes, schedule.violations), (1, vec![]), "{point:?} of {recipe:?}");
    if schedule.end == whole {
        return "resumed".to_owned();
    }
    assert_eq!(point.moment, Moment::Torn, "{point:?} of {recipe:?}: {}", schedule.end);
    schedule.end
}

#[test]
fn whichever_write_a_process_dies_of_the_run_goes_on_or_stops_with_a_typed_error() {
    let (mut points, mut stopped) = (0, 0);
    for seed in 0..PROGRAMS {
        let (recipe, disk) = (recipe(seed), Disk::new(Mutant::None));
        let whole = live_on(&disk, &recipe, seed, 0).end;
        for write in 1..=disk.writes() {
            for moment in Moment::ALL {
                let outcome = outcome(&recipe, seed, Point { write, moment }, &whole);
                points += 1;
                if outcome != "resumed" {
                    assert!(
                        outcome.starts_with("not resumed: the journal of `run-1` is broken at record"),
                        "{outcome}"
                    );
                    stopped += 1;
                }
            }
        }
    }
    println!("{PROGRAMS} programs, {points} crash points: {} resumed, {stopped} stopped as broken", points - stopped);
    assert!(points > 500 && stopped > 100, "{points} {stopped}");
}

#[test]
fn whichever_write_the_disk_refuses_the_run_says_so_and_goes_on_once_there_is_room() {
    let (mut stopped, mut unheard) = (0, 0);
    for seed in 0..PROGRAMS {
        let (recipe, disk) = (recipe(seed), Disk::new(Mutant::None));
        let whole = live_on(&disk, &recipe, seed, 0).end;
        for write in 1..=disk.writes() {
            let point = Point { write, moment: Moment::Refused };
            let (disk, mut world) = (Disk::failing(point), World::default());
            let refused = go_on(&disk, &recipe, seed, 0, &mut world);
            assert_eq!(refused.violations, Vec::<String>::new(), "{point:?} of {recipe:?}");
            if refused.end == whole {
                // The answer of a human was refused, who gave it again.
                unheard += 1;
                continue;
            }
            assert!(refused.end.starts_with("StorageError: "), "{point:?} of {recipe:?}: {}", refused.end);
            let resumed = go_on(&disk, &recipe, seed, 0, &mut world);
            assert_eq!((resumed.end, resumed.violations), (whole.clone(), vec![]), "{point:?} of {recipe:?}");
            stopped += 1;
        }
    }
    println!("{PROGRAMS} programs: {stopped} refused writes stopped a run that went on later, {unheard} an answer");
    assert!(stopped > 100 && unheard > 10, "{stopped} {unheard}");
}
