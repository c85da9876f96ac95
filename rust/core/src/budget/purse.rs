//! The purse of one run: it is asked before each call and told after it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::account::{Account, Held, Need, Room};
use super::estimate;
use super::prices::{NoPrices, Prices};
use super::pricing::Pricing;
use super::refusal::{Decided, Refusal, Whose};
use super::spent::Spent;
use super::stopwatch::Stopwatch;
use crate::effects::{CallModel, Effect, Usage};
use crate::fault::Fault;
use crate::machine::AskId;
use crate::position::Position;
use crate::specs::Budget;
use crate::value::{Outcome, Value};

/// Why a call may not go out.
pub enum Ruled {
    /// A limit of a budget.
    Refused(Refusal),
    /// Nobody can say whether it fits.
    Unknown(Fault),
}

/// Whether a call may go out.
pub enum Turnstile {
    /// It may, and its answer may have so many tokens where a budget limits them.
    Go(Option<u64>),
    /// It has to wait for the calls that are out.
    Wait,
    /// It may not.
    Stop(Ruled),
}

/// What a run may use, and what it used.
///
/// # Laws
/// - A call goes out only while every limit allows it; a refusal uses nothing.
/// - What is set aside for the calls that are out is never given to another.
/// - A replay decides as its recording did.
pub struct Purse {
    accounts: Vec<Account>,
    pricing: Pricing,
    held: BTreeMap<AskId, (Held, Need, bool)>,
    stopwatch: Stopwatch,
    decided: Option<Decided>,
    /// How many calls of models came back.
    came_back: u64,
    /// Why the store did not take what was used.
    broken: Option<Fault>,
    unsaved: Spent,
    /// What a recording used, as far as it was told again.
    told: Spent,
    /// Whether a recording has told all that it has: what is used now is new, wherever it is used.
    is_told: bool,
    saved_ms: u64,
}

impl Default for Purse {
    fn default() -> Self {
        Self::new(Budget::default(), Budget::default(), Box::new(NoPrices))
    }
}

impl Purse {
    /// A purse with the budgets of a run and of its thread.
    #[must_use]
    pub fn new(run: Budget, thread: Budget, prices: Box<dyn Prices>) -> Self {
        let accounts = [(Whose::Run, run), (Whose::Thread, thread)].into_iter().filter(|(_, budget)| budget.limits());
        Self {
            accounts: accounts.map(|(whose, budget)| Account { whose, budget, spent: Spent::default() }).collect(),
            pricing: Pricing::new(prices),
            held: BTreeMap::new(),
            stopwatch: Stopwatch::default(),
            decided: None,
            came_back: 0,
            broken: None,
            unsaved: Spent::default(),
            told: Spent::default(),
            is_told: false,
            saved_ms: 0,
        }
    }

    /// Begins to count time.
    pub fn start(&mut self, now: i64) {
        self.stopwatch = Stopwatch::started(now);
    }

    /// Decides as a recording did.
    pub fn follow(&mut self, decided: Option<Decided>) {
        self.decided = decided;
    }

    /// Whether what the thread uses is limited.
    #[must_use]
    pub fn limits_thread(&self) -> bool {
        self.accounts.iter().any(|account| account.whose == Whose::Thread)
    }

    /// What the thread has used, as the store has it, this run's saved part included.
    pub fn of_thread(&mut self, kept: Result<Spent, Fault>) {
        match kept {
            Ok(spent) => self.accounts.iter_mut().filter(|each| each.whose == Whose::Thread).for_each(|account| {
                account.spent = spent;
                // The stopwatch tells the time of this run.
                account.spent.time_ms = spent.time_ms.saturating_sub(self.saved_ms);
            }),
            Err(fault) => self.broken = Some(fault),
        }
    }

    /// What the store does not know yet.
    pub fn take_unsaved(&mut self, now: i64) -> Spent {
        let elapsed_ms = self.stopwatch.elapsed_ms(now);
        let time_ms = elapsed_ms.saturating_sub(std::mem::replace(&mut self.saved_ms, elapsed_ms));
        let unsaved = std::mem::take(&mut self.unsaved);
        if self.decided.as_ref().is_some_and(|decided| !decided.goes_on) {
            return Spent::default();
        }
        Spent { time_ms, ..unsaved }
    }

    /// The store has only so much of what the run used before it came back: the rest was lost with its process.
    pub fn recount(&mut self, saved: Spent) {
        let lost = std::mem::take(&mut self.told).minus(saved);
        self.unsaved = self.unsaved.plus(Spent { time_ms: 0, ..lost });
        self.saved_ms = saved.time_ms;
        self.is_told = true;
    }

    /// Whether a call or its usage is not in the store yet.
    #[must_use]
    pub fn has_unsaved(&self) -> bool {
        self.unsaved != Spent::default()
    }

    /// Stands while only humans are waited for.
    pub fn pause(&mut self, now: i64) {
        self.stopwatch.stop(now);
    }

    /// Goes on.
    pub fn resume(&mut self, now: i64) {
        self.stopwatch.go_on(now);
    }

    /// What does not allow an effect, asked before the gate troubles a human with it.
    pub fn refuses(&mut self, position: &Position, effect: &Effect, now: i64) -> Option<Ruled> {
        if !is_limited(effect) || self.accounts.is_empty() && self.decided.is_none() {
            return None;
        }
        if let Some(decided) = &self.decided {
            let place = position.to_string();
            // Where something was asked, the refusal came later: the gate had let the call out by then.
            if decided.asked.contains(&place) || self.waits(&place) {
                return None;
            }
            if let Some(said) = decided.says(&place) {
                return said.err().map(Ruled::Refused);
            }
        }
        self.ruled(effect, now)
    }

    /// Lets a call out, with what is set aside for it.
    pub fn take(&mut self, id: AskId, position: &Position, effect: &Effect, now: i64) -> Turnstile {
        let used = match effect {
            Effect::CallModel(_) => Spent::MODEL_CALL,
            Effect::CallTool(_) => Spent::TOOL_CALL,
            _ => return Turnstile::Go(None),
        };
        let place = self.decided.as_ref().map(|_| position.to_string()).unwrap_or_default();
        if self.waits(&place) {
            return Turnstile::Wait;
        }
        let said = self.decided.as_ref().and_then(|decided| decided.says(&place));
        let is_recorded = said.is_some();
        let turnstile = match said {
            Some(Ok(())) => Turnstile::Go(None),
            Some(Err(refusal)) => Turnstile::Stop(Ruled::Refused(refusal)),
            None => match self.ruled(effect, now) {
                Some(ruled) => Turnstile::Stop(ruled),
                None => self.room(id, effect),
            },
        };
        if let Turnstile::Go(_) = turnstile {
            self.spend(used, is_recorded);
            if is_recorded && matches!(effect, Effect::CallModel(_)) {
                let is_counted = self.decided.as_ref().is_none_or(|decided| !decided.open.contains(&place));
                self.held.insert(id, (Held::default(), Need::default(), is_counted));
            }
        }
        turnstile
    }

    /// Whether a replayed call waits, as it did, for calls that are still out.
    fn waits(&self, position: &str) -> bool {
        let waited = self.decided.as_ref().is_some_and(|decided| decided.waited(position, self.came_back));
        waited && !self.held.is_empty()
    }

    fn ruled(&mut self, effect: &Effect, now: i64) -> Option<Ruled> {
        if self.accounts.is_empty() {
            return None;
        }
        if let Some(fault) = &self.broken {
            return Some(Ruled::Unknown(fault.clone()));
        }
        let need = match effect {
            Effect::CallModel(call) => match self.need(call) {
                Ok(need) => Some(need),
                Err(fault) => return Some(Ruled::Unknown(fault)),
            },
            _ => None,
        };
        let elapsed_ms = self.stopwatch.elapsed_ms(now);
        let more_ms = if let Effect::Sleep(wait_ms) = effect { u64::try_from(*wait_ms).unwrap_or_default() } else { 0 };
        let refusal = self.accounts.iter().find_map(|account| {
            let calls = match &need {
                Some(need) => account.model_refusal(need),
                None if matches!(effect, Effect::CallTool(_)) => account.tool_refusal(),
                None => None,
            };
            calls.or_else(|| account.time_refusal(elapsed_ms, more_ms))
        });
        refusal.map(Ruled::Refused)
    }

    /// How much there is beside what is set aside for the calls that are out.
    fn room(&mut self, id: AskId, effect: &Effect) -> Turnstile {
        let Effect::CallModel(call) = effect else { return Turnstile::Go(None) };
        if self.accounts.is_empty() {
            self.held.insert(id, (Held::default(), Need::default(), false));
            return Turnstile::Go(None);
        }
        let need = match self.need(call) {
            Ok(need) => need,
            Err(fault) => return Turnstile::Stop(Ruled::Unknown(fault)),
        };
        let out = self.held.values().fold(Held::default(), |sum, (held, ..)| Held {
            tokens: sum.tokens.saturating_add(held.tokens),
            cost_microusd: sum.cost_microusd.saturating_add(held.cost_microusd),
        });
        let mut most = need.output_tokens_max;
        let mut limited = false;
        for account in &self.accounts {
            match account.room(&need, &out) {
                Room::For(None) => {}
                Room::For(Some(room)) => {
                    limited = true;
                    most = Some(most.map_or(room, |most| most.min(room)));
                }
                Room::Later => return Turnstile::Wait,
            }
        }
        let aside = need.output_tokens().min(most.unwrap_or(u64::MAX));
        self.held.insert(id, (need.held(aside), need, false));
        Turnstile::Go(most.filter(|_| limited))
    }

    /// What a call of a model needs at least.
    fn need(&mut self, call: &CallModel) -> Result<Need, Fault> {
        let (input_tokens, output_tokens_max) = (estimate::input_tokens(call), estimate::output_tokens_max(call));
        let need = Need { input_tokens, output_tokens_max, ..Need::default() };
        if self.accounts.iter().all(|account| account.budget.cost_microusd.is_none()) {
            return Ok(need);
        }
        let (read, written) = self.pricing.rates(call)?;
        Ok(Need {
            input_microusd: input_tokens.saturating_mul(read) / 1_000_000,
            output_microusd_per_mtok: written,
            is_free: read == 0 && written == 0,
            ..need
        })
    }

    /// Puts its cost into an answer, or into what is told of a call that used something and failed.
    ///
    /// # Errors
    /// The fault that came in place of an answer.
    pub fn priced(&mut self, effect: &Effect, outcome: Outcome) -> Outcome {
        let Effect::CallModel(call) = effect else { return outcome };
        match outcome {
            Ok(Value::Model(mut answer)) => {
                if let Some(usage) = self.pricing.priced(call, answer.model.as_deref(), answer.usage) {
                    Arc::make_mut(&mut answer).usage = usage;
                }
                Ok(Value::Model(answer))
            }
            Ok(value) => Ok(value),
            Err(fault) => Err(self.priced_failure(call, fault)),
        }
    }

    fn priced_failure(&mut self, call: &CallModel, fault: Fault) -> Fault {
        let Some(usage) = usage_of(&fault).and_then(|usage| self.pricing.priced(call, None, usage)) else {
            return fault;
        };
        let mut detail = fault.details().clone();
        if let (Some(detail), Ok(usage)) = (detail.as_object_mut(), serde_json::to_value(usage)) {
            detail.insert("usage".to_owned(), usage);
        }
        fault.detail(detail)
    }

    /// A call came back, or nobody waits for it any more: what it used is known, or the least of it.
    pub fn settle(&mut self, id: AskId, outcome: Option<&Outcome>) -> bool {
        let Some((_, need, is_recorded)) = self.held.remove(&id) else { return false };
        self.came_back = self.came_back.saturating_add(1);
        let used = match outcome {
            Some(Ok(Value::Model(answer))) => Spent::of(&answer.usage),
            Some(Ok(_)) => Spent::default(),
            Some(Err(fault)) => usage_of(fault).map_or_else(Spent::default, |usage| Spent::of(&usage)),
            None => Spent { tokens: need.input_tokens, cost_microusd: need.input_microusd, ..Spent::default() },
        };
        self.spend(used, is_recorded);
        true
    }

    fn spend(&mut self, used: Spent, is_recorded: bool) {
        self.accounts.iter_mut().for_each(|account| account.spent = account.spent.plus(used));
        let sum = if is_recorded && !self.is_told { &mut self.told } else { &mut self.unsaved };
        *sum = sum.plus(used);
    }
}

fn is_limited(effect: &Effect) -> bool {
    matches!(
        effect,
        Effect::CallModel(_) | Effect::CallTool(_) | Effect::CallAgent(_) | Effect::Custom(_) | Effect::Sleep(_)
    )
}

/// What a call that failed had used.
fn usage_of(fault: &Fault) -> Option<Usage> {
    let usage = fault.details().get("usage")?;
    serde_json::from_value(usage.clone()).ok()
}
