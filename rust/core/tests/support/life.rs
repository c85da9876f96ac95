//! The lives of one run: processes that drive it, die in the middle, and leave it to the next.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock};

use flowai_core::effects::Effect;
use flowai_core::journal::{Kept, Line, Revive};
use flowai_core::machine::{Ask, Dice, RunContext, Settings};
use flowai_core::session::{Desk, HostWork, Keeping, NoAnswers, Resumed, Session, SharedStore, read_decision};
use flowai_core::specs::{Decode, RuntimeSpec};
use flowai_core::store::{Batch, Herald, RunRow, RunStatus, Store, StoreError, Versioned, Write, verify};
use flowai_core::value::Value;
use flowai_interp_test::{Test, TestSettings};
use serde_json::{Value as Json, json};

use super::recipe::Recipe;
use super::simulated::{Disk, Mutant, Simulated};

const TENANT: &str = "acme";
const RUN: &str = "run-1";

/// More steps than any run of a recipe takes.
const STEPS_MAX: u32 = 10_000;

/// What is outside of every process: how often each call was made, and what people have said.
#[derive(Default, Debug)]
pub struct World {
    pub made: BTreeMap<String, u32>,
    pub again: BTreeMap<String, u32>,
    /// The approvals whose answers were acknowledged.
    pub acknowledged: Vec<String>,
    /// The rows that people said a write may change.
    pub allowed: BTreeSet<i64>,
    /// The writes that went out although nobody had allowed them.
    pub ungated: Vec<String>,
    /// How many writes people allowed were made, and how many people were asked about in doubt.
    pub gated: u32,
    pub doubted: u32,
}

struct NoRevival;

impl Revive for NoRevival {
    fn revive(&self, _: &Json, _: Option<&str>) -> Option<Arc<dyn flowai_core::fault::HostError>> {
        None
    }
}

type News = Arc<Mutex<Vec<(u64, Result<(), StoreError>)>>>;

/// One process that drives the run.
struct Life {
    store: Arc<Mutex<Simulated>>,
    session: Session,
    mutant: Mutant,
    /// The rows of writes that need a human.
    gated: BTreeSet<i64>,
    news: News,
    work: Vec<(Ask, HostWork)>,
    done: Vec<(Ask, Json)>,
}

impl Life {
    fn begin(disk: &Disk, recipe: &Recipe) -> Result<Self, StoreError> {
        let store = Arc::new(Mutex::new(Simulated::open(disk)));
        let news: News = Arc::default();
        let found = store.lock().unwrap().run(TENANT, RUN)?;
        let (row, kept) = match found {
            Some(row) => {
                let row = claim(&mut store.lock().unwrap(), row)?;
                (row, kept(&store.lock().unwrap())?)
            }
            None => (Versioned { version: 0, value: fresh() }, Vec::new()),
        };
        let lines: Vec<Line> = kept.iter().flat_map(|record| record.lines.clone()).collect();
        let shared: SharedStore = store.clone();
        let context = RunContext { run_id: RUN.to_owned(), tenant: TENANT.to_owned(), ..RunContext::default() };
        let mut counter = Desk::new(shared, context.clone(), nobody(), [7; 32]);
        counter.stand(&lines);
        let test = Test::new(TestSettings { attended: true, ..TestSettings::default() }, Box::new(NoAnswers));
        let settings = Settings { context, grace_ms: 100, ..Settings::default() };
        let mut session = if row.version == 0 {
            Session::new(Box::new(test), counter, settings)
        } else {
            Session::new(Box::new(Resumed::new(lines, 0, Box::new(test), Box::new(NoRevival))), counter, settings)
        };
        let heard = Arc::clone(&news);
        let herald = move |number: u64| -> Herald {
            let heard = Arc::clone(&heard);
            Box::new(move |result| heard.lock().unwrap().push((number, result)))
        };
        session = session.keeping(Keeping { row, kept, pinned: Vec::new(), herald: Box::new(herald) });
        let gated = recipe.gated();
        session.start("test", recipe.build(disk.mutant != Mutant::NoGate));
        Ok(Self { store, session, mutant: disk.mutant, gated, news, work: Vec::new(), done: Vec::new() })
    }

    /// One small step; false where nothing is left but to wait for people.
    fn step(&mut self, dice: &mut Dice, world: &mut World) -> bool {
        for (number, result) in std::mem::take(&mut *self.news.lock().unwrap()) {
            self.session.settled(number, result);
        }
        let progress = self.session.advance();
        self.work.extend(progress.work);
        let can_sync = self.store.lock().unwrap().has_pending();
        let choices = [!self.work.is_empty(), !self.done.is_empty(), can_sync];
        let open: Vec<usize> = (0..3).filter(|index| choices[*index]).collect();
        if open.is_empty() {
            return !self.news.lock().unwrap().is_empty();
        }
        match open[dice.below(open.len())] {
            0 => self.make(dice, world),
            1 => {
                let (ask, answer) = self.done.remove(dice.below(self.done.len()));
                self.session.complete(ask.id, Ok(Value::from(answer)));
            }
            _ => drop(self.store.lock().unwrap().sync_one()),
        }
        true
    }

    fn make(&mut self, dice: &mut Dice, world: &mut World) {
        let (ask, _) = self.work.remove(dice.below(self.work.len()));
        let Effect::CallTool(call) = &ask.effect else { panic!("only tools are called") };
        let name = call.tool.spec.name.clone();
        let row = call.arguments.to_json().unwrap()["row"].clone();
        if row.as_i64().is_some_and(|row| self.gated.contains(&row)) {
            world.gated += 1;
            if !row.as_i64().is_some_and(|row| world.allowed.contains(&row)) {
                world.ungated.push(format!("{name} {row}"));
            }
        }
        *world.made.entry(format!("{name} {}", ask.position.without_attempts())).or_default() += 1;
        self.done.push((ask, json!(format!("{name} {row}"))));
    }

    /// People answer what is asked: of a write in doubt, what the world says became of it.
    fn answer(&mut self, world: &mut World) {
        for approval_id in self.session.desk().waiting() {
            let found = self.store.lock().unwrap().approval(TENANT, &approval_id).unwrap().unwrap();
            let bound = &found.value.bound;
            let is_doubted = serde_json::to_value(bound.kind).unwrap() == "in_doubt";
            let decision = if is_doubted {
                world.doubted += 1;
                let tool = bound.tool.clone().unwrap_or_default();
                let key = format!("{tool} {}", bound.position);
                if self.mutant == Mutant::DoubtedAgain {
                    json!({"decision": "run_again"})
                } else if world.made.get(&key).copied().unwrap_or_default() > 0 {
                    json!({"decision": "happened", "result": format!("{tool} {}", bound.subject["row"])})
                } else {
                    *world.again.entry(key).or_default() += 1;
                    json!({"decision": "run_again"})
                }
            } else {
                json!({"decision": "approved"})
            };
            let decision = read_decision(&decision, Some("ana".to_owned()), 0).unwrap();
            // What was said counts, even if the process died before it could say that it had heard.
            world.allowed.extend(bound.subject["row"].as_i64().filter(|_| !is_doubted));
            if self.session.decide(&approval_id, &decision).is_ok() {
                world.acknowledged.push(approval_id);
            }
        }
    }
}

/// The runtime of a run without agents.
fn nobody() -> Arc<RuntimeSpec> {
    static SPEC: OnceLock<Arc<RuntimeSpec>> = OnceLock::new();
    let spec = || Arc::new(RuntimeSpec::decode(json!({"tenant": {"id": TENANT}, "agents": []})).unwrap());
    Arc::clone(SPEC.get_or_init(spec))
}

fn fresh() -> RunRow {
    RunRow {
        tenant: TENANT.to_owned(),
        run_id: RUN.to_owned(),
        thread: None,
        request_id: None,
        status: RunStatus::Running,
        epoch: 1,
        owner: Some("one".to_owned()),
        lease_until: 0,
        started_at: 0,
        body: json!({}),
    }
}

fn claim(store: &mut Simulated, row: Versioned<RunRow>) -> Result<Versioned<RunRow>, StoreError> {
    let Versioned { version, value } = row;
    if !value.status.is_active() {
        return Ok(Versioned { version, value });
    }
    let value = RunRow { epoch: value.epoch + 1, ..value };
    store.commit(Batch::new().with(Write::Run { version, row: value.clone() }))?;
    Ok(Versioned { version: version + 1, value })
}

fn kept(store: &Simulated) -> Result<Vec<Kept>, StoreError> {
    let (records, head) = (store.journal(TENANT, RUN, 0)?, store.head(TENANT, RUN)?);
    verify(TENANT, RUN, &records, &head)?;
    Ok(records.into_iter().map(|stored| Kept::read(stored.record.unwrap()).unwrap()).collect())
}

/// How the lives of a run ended, and what is wrong with that.
pub struct Schedule {
    pub end: String,
    pub crashes: u32,
    pub gated: u32,
    pub doubted: u32,
    pub violations: Vec<String>,
}

/// Drives one run through crashes that a seed draws.
pub fn live(recipe: &Recipe, seed: u64, crashes_max: u32, mutant: Mutant) -> Schedule {
    live_on(&Disk::new(mutant), recipe, seed, crashes_max)
}

/// Drives one run on a disk of its own.
pub fn live_on(disk: &Disk, recipe: &Recipe, seed: u64, crashes_max: u32) -> Schedule {
    go_on(disk, recipe, seed, crashes_max, &mut World::default())
}

/// Drives one run as it stands on a disk, in a world in which it may have lived before.
pub fn go_on(disk: &Disk, recipe: &Recipe, seed: u64, crashes_max: u32, world: &mut World) -> Schedule {
    let mut dice = Dice::new(seed);
    let (mut crashes, mut violations, mut zombie) = (0, Vec::new(), None::<Life>);
    let end = loop {
        let mut life = match Life::begin(disk, recipe) {
            Ok(life) => life,
            Err(error) => break format!("not resumed: {error}"),
        };
        if let Some(end) = drive(&mut life, zombie.as_mut(), &mut dice, world, crashes < crashes_max) {
            break end;
        }
        crashes += 1;
        // Some processes only seem to be dead, and go on beside the next one.
        let is_known = disk.kept.lock().unwrap().run(TENANT, RUN).unwrap().is_some();
        let is_dead = life.store.lock().unwrap().is_dead();
        zombie = (is_known && !is_dead && dice.below(3) == 0).then_some(life);
    };
    violations.extend(world.ungated.iter().map(|write| format!("`{write}` went out unasked")));
    let disk = disk.kept.lock().unwrap();
    for (key, count) in world.made.iter().filter(|(key, _)| key.starts_with("once")) {
        // A person who says so lets a call out again; a process that only seemed dead may make it too.
        if *count > 1 + world.again.get(key).copied().unwrap_or_default() {
            violations.push(format!("`{key}` was made {count} times"));
        }
    }
    for approval_id in &world.acknowledged {
        let kept = disk.approval(TENANT, approval_id).unwrap();
        if kept.is_none_or(|row| row.value.decision.is_none()) {
            violations.push(format!("the answer to `{approval_id}` is lost"));
        }
    }
    Schedule { end, crashes, gated: world.gated, doubted: world.doubted, violations }
}

fn drive(
    life: &mut Life,
    mut zombie: Option<&mut Life>,
    dice: &mut Dice,
    world: &mut World,
    may_crash: bool,
) -> Option<String> {
    for _ in 0..STEPS_MAX {
        if life.store.lock().unwrap().is_dead() || may_crash && dice.below(12) == 0 {
            return None;
        }
        if let Some(zombie) = zombie.as_mut().filter(|_| dice.below(2) == 0) {
            zombie.step(dice, world);
        }
        if life.step(dice, world) || life.store.lock().unwrap().is_dead() {
            continue;
        }
        if let Some(outcome) = life.session.outcome() {
            return Some(match outcome {
                Ok(value) => value.to_json().unwrap().to_string(),
                Err(fault) => format!("{:?}: {fault}", fault.kind()),
            });
        }
        life.answer(world);
    }
    Some(format!("it never ends; it waits for {:?}", life.session.desk().waiting()))
}
