//! Models: the endpoints of a runtime, and who asks them.

use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, PoisonError};

use flowai_core::effects::CallModel;
use flowai_core::events::EventBody;
use flowai_core::fault::{Fault, FaultKind};
use flowai_core::machine::{AskId, Dice};
use flowai_core::value::Outcome;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use crate::call;
use crate::endpoint::Endpoint;
use crate::line::Line;
use crate::providers::Piece;
use crate::route::route;
use crate::trouble;
use crate::veil::Veil;

/// Where answers go, and what is told on the way; called from threads of the runtime.
///
/// # Laws
/// - `answered` comes once for each ask that is not aborted, and nothing comes after it.
/// - pieces of one attempt come in the order of their index; a higher attempt voids the pieces of the lower ones.
pub trait Post: Send + Sync {
    /// The call has ended.
    fn answered(&self, id: AskId, outcome: Outcome);
    /// Something happened on the way: a retry, or a wait for a limit.
    fn told(&self, id: AskId, body: EventBody);
    /// A piece of the answer arrived.
    fn shown(&self, id: AskId, attempt: u32, index: u32, piece: Piece);
}

/// The endpoints of a runtime, with their connections and limits; shared by all its runs.
///
/// Connections belong to the tokio runtime on which they were opened: a forked child makes its own `Models`.
pub struct Models {
    lines: Vec<Line>,
    /// What hides the secrets of all endpoints from the readers of any answer.
    pub(crate) veil: Veil,
    dice: Mutex<Dice>,
}

/// One model at one endpoint.
pub(crate) struct Target<'m, 'n> {
    pub line: &'m Line,
    /// The name that the user wrote.
    pub name: &'n str,
    /// The provider's own name.
    pub model: &'n str,
}

impl Models {
    /// Makes the endpoints ready; nothing is connected yet.
    ///
    /// # Errors
    /// [`FaultKind::SpecError`] for an address, a key or a header that cannot be sent, or a name given twice.
    pub fn new(endpoints: Vec<Endpoint>) -> Result<Self, Fault> {
        let lines = endpoints.into_iter().map(Line::new).collect::<Result<Vec<_>, _>>()?;
        let mut names: Vec<&str> = lines.iter().map(|line| line.endpoint.name.as_str()).collect();
        names.sort_unstable();
        if let Some([name, _]) = names.windows(2).find(|pair| matches!(pair, [one, other] if one == other)) {
            return Err(Fault::new(FaultKind::SpecError, format!("provider `{name}` is given twice")));
        }
        let seed = std::hash::RandomState::new().hash_one("jitter");
        let veil = Veil::of(lines.iter().flat_map(Line::hidden));
        Ok(Self { lines, veil, dice: Mutex::new(Dice::new(seed)) })
    }

    /// The same models with dice of one's own for the jitter of waits.
    #[must_use]
    pub fn with_dice(mut self, dice: Dice) -> Self {
        self.dice = Mutex::new(dice);
        self
    }

    /// Where a model is asked; asks nobody.
    ///
    /// # Errors
    /// [`FaultKind::SpecError`] with the nearest names.
    pub fn endpoint(&self, model: &str) -> Result<&Endpoint, Fault> {
        self.target(model).map(|target| &target.line.endpoint)
    }

    /// Whether all is there to ask a model: its provider, an address and a key; asks nobody.
    ///
    /// # Errors
    /// [`FaultKind::SpecError`] with the nearest names, or [`FaultKind::AuthenticationFailed`] naming the variables.
    pub fn check(&self, model: &str) -> Result<(), Fault> {
        let line = self.target(model)?.line;
        line.url("")?;
        line.check_key()
    }

    /// Asks a model on the runtime; dropping the task by the handle drops its connection at once.
    pub fn ask(
        self: &Arc<Self>,
        runtime: &Handle,
        id: AskId,
        call: &Arc<CallModel>,
        post: Arc<dyn Post>,
    ) -> AbortHandle {
        self.ask_within(runtime, id, call, None, post)
    }

    /// Asks a model whose answer has so many tokens by its budget: attempts, repairs and continuations share them.
    pub fn ask_within(
        self: &Arc<Self>,
        runtime: &Handle,
        id: AskId,
        call: &Arc<CallModel>,
        answer_tokens_max: Option<u64>,
        post: Arc<dyn Post>,
    ) -> AbortHandle {
        let (models, call) = (Arc::clone(self), Arc::clone(call));
        let task = runtime.spawn(async move {
            let mut answering = Answering { post, id, is_open: true };
            let outcome = call::outcome(&models, id, &call, answer_tokens_max, &*answering.post).await;
            answering.is_open = false;
            answering.post.answered(id, outcome);
        });
        task.abort_handle()
    }

    pub(crate) fn target<'m, 'n>(&'m self, model: &'n str) -> Result<Target<'m, 'n>, Fault> {
        let names: Vec<&str> = self.lines.iter().map(|line| line.endpoint.name.as_str()).collect();
        let (endpoint, name) = route(model, &names)?;
        let line = self.lines.iter().find(|line| line.endpoint.name == endpoint);
        let line =
            line.ok_or_else(|| Fault::new(FaultKind::SpecError, format!("no provider is called `{endpoint}`")))?;
        Ok(Target { line, name: model, model: name })
    }

    /// The fault without what nobody may see: of its own endpoint all that is sent, of the others their secrets.
    pub(crate) fn struck(&self, line: &Line, fault: Fault) -> Fault {
        trouble::without(fault, line.secrets().chain(self.lines.iter().flat_map(Line::hidden)))
    }

    pub(crate) fn bits(&self) -> u64 {
        self.dice.lock().unwrap_or_else(PoisonError::into_inner).bits()
    }
}

/// Answers even where the code of a provider panics, so that no run waits for ever.
struct Answering {
    post: Arc<dyn Post>,
    id: AskId,
    is_open: bool,
}

impl Drop for Answering {
    fn drop(&mut self) {
        if self.is_open && std::thread::panicking() {
            let fault = Fault::new(FaultKind::ModelFailed, "the call of the model broke inside the harness")
                .hint("this is a fault of the harness: please report it");
            self.post.answered(self.id, Err(fault));
        }
    }
}
