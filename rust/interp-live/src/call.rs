//! One call: attempts, waits, fallbacks, continuations and repairs until there is an answer or a fault.

use std::sync::Arc;
use std::time::Duration;

use flowai_core::effects::{CallModel, ModelAnswer, Part, Usage};
use flowai_core::events::EventBody;
use flowai_core::fault::{Fault, FaultKind};
use flowai_core::machine::AskId;
use flowai_core::value::{Outcome, Value};
use serde_json::json;
use tokio::time::{Instant, sleep, timeout_at};

use crate::attempt::{self, Progress, Sent};
use crate::client::timed_out;
use crate::models::{Models, Post, Target};
use crate::output::{self, Wanted};
use crate::pause::joined;
use crate::providers::{Ending, Piece};
use crate::question::Question;
use crate::settings::Settings;
use crate::{backoff, trouble};

/// How often a provider may pause one answer.
const PAUSES_MAX: u32 = 8;
/// How often a model may repair its output.
const REPAIRS_MAX: u32 = 2;

/// A call that is being answered.
struct Call<'c> {
    models: &'c Models,
    id: AskId,
    asked: &'c CallModel,
    post: &'c dyn Post,
    settings: Settings,
    wanted: Wanted,
    deadline: Instant,
    progress: Progress,
    /// Which of the models is being asked.
    turn: usize,
    /// What the provider said before it paused.
    said: Option<ModelAnswer>,
    /// The tokens of everything so far.
    spent: Usage,
    /// How many tokens all answers together may have, where a budget says so.
    allowed: Option<u64>,
}

/// Asks a model and those behind it, and gives the answer.
///
/// # Errors
/// The fault of the last model that was asked.
pub(crate) async fn outcome(
    models: &Models,
    id: AskId,
    asked: &CallModel,
    allowed: Option<u64>,
    post: &dyn Post,
) -> Outcome {
    let settings = Settings::read(&asked.settings)?;
    let names = std::iter::once(&*asked.model).chain(settings.fallback.iter().map(String::as_str));
    let names: Vec<String> = names.map(str::to_owned).collect();
    let targets = names.iter().map(|name| models.target(name)).collect::<Result<Vec<_>, _>>()?;
    let total = total(&settings, &targets)?;
    let now = Instant::now();
    let mut call = Call {
        models,
        id,
        asked,
        post,
        settings,
        wanted: Wanted::new(asked.output.as_ref(), asked.whole)?,
        deadline: now.checked_add(total).unwrap_or(now),
        progress: Progress::default(),
        turn: 0,
        said: None,
        spent: Usage::default(),
        allowed,
    };
    let deadline = call.deadline;
    let answered = timeout_at(deadline, call.ask_each(&targets)).await;
    let answered = answered.unwrap_or_else(|_| Err(call.out_of_time(&targets)));
    answered.map(|answer| Value::Model(Arc::new(answer)))
}

/// How long the whole call may take.
fn total(settings: &Settings, targets: &[Target<'_, '_>]) -> Result<Duration, Fault> {
    let Some(seconds) = settings.timeout_s else {
        let own = targets.first().map(|target| target.line.endpoint.timeouts.total);
        return Ok(own.unwrap_or_default());
    };
    let read = Duration::try_from_secs_f64(seconds).ok().filter(|total| !total.is_zero());
    read.ok_or_else(|| {
        Fault::new(FaultKind::SpecError, format!("`timeout_s` is {seconds}")).hint("give a number of seconds above 0")
    })
}

impl Call<'_> {
    /// Asks the models in turn, the next where one cannot answer.
    async fn ask_each(&mut self, targets: &[Target<'_, '_>]) -> Result<ModelAnswer, Fault> {
        let mut rest = targets.iter().peekable();
        self.progress.begin();
        while let Some(target) = rest.next() {
            let answered = self.ask(target).await;
            let fault = match answered {
                Ok(answer) => return Ok(ModelAnswer { usage: self.spent, ..answer }),
                Err(fault) => self.described(target, fault),
            };
            match rest.peek() {
                Some(next) if self.has_leave() && trouble::is_worth_another_model(&fault) => {
                    self.said = None;
                    self.turn = self.turn.saturating_add(1);
                    self.begin_again(&fault, Duration::ZERO, Some(next.name));
                }
                _ => return Err(fault),
            }
        }
        Err(Fault::new(FaultKind::SpecError, "no model is named"))
    }

    /// Asks one model until its answer is whole and fits.
    async fn ask(&mut self, target: &Target<'_, '_>) -> Result<ModelAnswer, Fault> {
        target.line.check_open()?;
        target.line.check_key()?;
        let provider = &target.line.endpoint.provider;
        let mut question = Question::of(self.asked, target.model)?;
        question.settings.output_mode.get_or_insert_with(|| provider.output_mode(target.model));
        let (mut turns, mut pauses, mut repairs) = (question.messages.len(), 0_u32, 0_u32);
        loop {
            let answer = self.ask_until(target, &mut question).await?;
            let answer = joined(self.said.take(), answer);
            match provider.ending(&answer) {
                Ending::Whole => {}
                Ending::Paused if pauses < PAUSES_MAX && self.has_leave() => {
                    pauses = pauses.saturating_add(1);
                    question.messages.truncate(turns);
                    question.messages.push(answer.clone().into_message());
                    self.said = Some(answer);
                    continue;
                }
                Ending::Paused if !self.has_leave() => return Err(cut(Ending::Truncated, &answer)),
                ending => return Err(cut(ending, &answer)),
            }
            let (answer, faults) = match self.fitted(answer) {
                Ok(answer) => return Ok(answer),
                Err(misfit) => *misfit,
            };
            let fault = output::invalid(&answer, &faults);
            if repairs >= REPAIRS_MAX || !self.has_leave() {
                return Err(fault);
            }
            repairs = repairs.saturating_add(1);
            question.messages.extend(output::repair(answer, &faults));
            turns = question.messages.len();
            self.begin_again(&fault, Duration::ZERO, None);
        }
    }

    fn fitted(&self, mut answer: ModelAnswer) -> Result<ModelAnswer, Box<(ModelAnswer, Vec<String>)>> {
        match self.wanted.fill(&mut answer) {
            Ok(()) => Ok(answer),
            Err(faults) => Err(Box::new((answer, faults))),
        }
    }

    /// Sends a request until it is answered or a retry is not worth while.
    async fn ask_until(&mut self, target: &Target<'_, '_>, question: &mut Question) -> Result<ModelAnswer, Fault> {
        let (mut retry, mut left) = (0, self.left());
        let mut sent = self.written(target, question)?;
        loop {
            if self.left() != left {
                (left, sent) = (self.left(), self.written(target, question)?);
            }
            let fault = match self.ask_once(target, &sent).await {
                Ok(answer) => return Ok(answer),
                Err(fault) => self.described(target, fault),
            };
            let Some(wait) = self.wait(target, retry, &fault) else { return Err(fault) };
            retry = retry.saturating_add(1);
            self.begin_again(&fault, wait, None);
            sleep(wait).await;
            if let Some(said) = self.said.as_ref().filter(|_| sent.stream) {
                let post = self.post;
                self.progress.show_whole(said, &|attempt, index, piece| post.shown(self.id, attempt, index, piece))?;
            }
        }
    }

    /// The request, with an answer no longer than the budget still allows.
    fn written(&self, target: &Target<'_, '_>, question: &mut Question) -> Result<Sent, Fault> {
        if let Some(left) = self.left() {
            let asked = question.settings.max_tokens.unwrap_or(left);
            question.settings.max_tokens = Some(asked.min(left));
        }
        Sent::new(target.line, question)
    }

    /// How many tokens the budget still allows.
    fn left(&self) -> Option<u64> {
        let used = self.spent.input_tokens.saturating_add(self.spent.output_tokens);
        self.allowed.map(|allowed| allowed.saturating_sub(used))
    }

    /// Whether the budget allows one more request.
    fn has_leave(&self) -> bool {
        self.left() != Some(0)
    }

    async fn ask_once(&mut self, target: &Target<'_, '_>, sent: &Sent) -> Result<ModelAnswer, Fault> {
        let (post, id) = (self.post, self.id);
        let delayed = |limit: &str, wait: Option<Duration>| {
            let (model, limit) = (target.name.to_owned(), limit.to_owned());
            post.told(id, EventBody::ModelDelayed { model, limit, wait_ms: wait.map(millis) });
        };
        let show = |attempt, index, piece: Piece| post.shown(id, attempt, index, piece);
        let mut pass = target.line.throttle.pass(sent.tokens(), &delayed).await;
        self.progress.veil = self.models.veil.clone();
        let answered = attempt::run(target.line, sent, &mut self.progress, &show).await;
        let counted = std::mem::take(&mut self.progress.usage);
        let used = answered.as_ref().map_or(counted, |answer| answer.usage);
        self.spent = self.spent.plus(used);
        if used != Usage::default() {
            pass.settle(used.input_tokens.saturating_add(used.output_tokens));
        }
        answered
    }

    /// How long to wait before the next attempt; none where there is none.
    fn wait(&self, target: &Target<'_, '_>, retry: u32, fault: &Fault) -> Option<Duration> {
        let retries = &target.line.endpoint.retries;
        let has_more = retry < self.settings.max_retries.unwrap_or(retries.count_max) && self.has_leave();
        if !has_more || !trouble::is_worth_a_retry(fault) {
            return None;
        }
        let wait = backoff::wait(retries, retry, trouble::asked_wait(fault), self.models.bits())?;
        // Who would wake up too late says now what is wrong.
        Instant::now().checked_add(wait).filter(|then| *then < self.deadline).map(|_| wait)
    }

    fn begin_again(&mut self, fault: &Fault, wait: Duration, model: Option<&str>) {
        self.progress.begin();
        let attempt = self.progress.attempt;
        let (error, wait_ms, model) = (fault.note(), millis(wait), model.map(str::to_owned));
        self.post.told(self.id, EventBody::ModelRetried { attempt, error, wait_ms, model });
    }

    /// The fault with all that is known, and without what nobody may see.
    fn described(&self, target: &Target<'_, '_>, fault: Fault) -> Fault {
        let said = self.said.as_ref().map(|said| &said.text);
        // What was said before a pause was shown too, unless nothing is.
        let partial = Some(&self.progress.partial).filter(|partial| !partial.is_empty()).or(said);
        let spent = Some(self.spent).filter(|spent| *spent != Usage::default());
        let fault = self.progress.told(fault);
        let fault = trouble::with(fault, json!({"provider": target.line.endpoint.name, "model": target.model}));
        let fault = trouble::with(fault, json!({"partial": partial, "usage": spent}));
        self.models.struck(target.line, fault)
    }

    fn out_of_time(&mut self, targets: &[Target<'_, '_>]) -> Fault {
        self.spent = self.spent.plus(std::mem::take(&mut self.progress.usage));
        let fault = trouble::with(timed_out("total"), json!({"retryable": false}));
        match targets.get(self.turn) {
            Some(target) => self.described(target, fault),
            None => fault,
        }
    }
}

/// The fault of an answer that is not whole.
fn cut(ending: Ending, answer: &ModelAnswer) -> Fault {
    let reason = answer.stop_reason.as_str();
    let fault = match ending {
        Ending::Truncated => Fault::new(FaultKind::AnswerTruncated, format!("the answer was cut (`{reason}`)"))
            .hint("raise `max_tokens`, or ask for less at once"),
        Ending::Refused => {
            let words = refusal(answer).map_or_else(String::new, |words| format!(": {words}"));
            let message = format!("the model or its provider refused to answer (`{reason}`){words}");
            trouble::shortened(Fault::new(FaultKind::ContentRefused, message))
        }
        Ending::Paused | Ending::Whole => {
            Fault::new(FaultKind::ModelFailed, format!("the provider paused the answer more than {PAUSES_MAX} times"))
        }
    };
    let partial = Some(&answer.text).filter(|text| !text.is_empty());
    fault.detail(json!({"code": reason, "partial": partial}))
}

/// The words of a refusal, where there are some.
fn refusal(answer: &ModelAnswer) -> Option<&str> {
    answer.parts.iter().find_map(|part| match part {
        Part::Refusal { text } => Some(text.as_str()).filter(|text| !text.is_empty()),
        _ => None,
    })
}

fn millis(wait: Duration) -> i64 {
    i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)
}
