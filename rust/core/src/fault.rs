//! A fault: why an effect, a program or a run has no answer.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// What went wrong; every kind is a class of the same name in `flowai.errors`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum FaultKind {
    /// A spec, or the wiring of several, is wrong.
    SpecError,
    /// A program broke a rule of programs.
    ProgramError,
    /// Nobody answers this effect.
    UnhandledEffect,
    /// A program asked outside its declared row.
    UndeclaredEffect,
    /// A replayed program asked something else than the recording says.
    ReplayMismatch,
    /// A script and the run it drives do not fit together.
    ScriptMismatch,
    /// A value has no JSON form.
    ValueNotJson,
    /// An effect of the user's own failed.
    EffectFailed,
    /// A model call failed.
    ModelFailed,
    /// No provider can answer this model.
    ModelUnavailable,
    /// The provider does not know the key.
    AuthenticationFailed,
    /// The key may not do this.
    PermissionDenied,
    /// The provider has no such model.
    ModelNotFound,
    /// The provider refuses the request as it is.
    RequestInvalid,
    /// The conversation is longer than the model reads.
    ContextTooLong,
    /// Too many requests or tokens in too little time.
    RateLimited,
    /// The provider has no capacity at this moment.
    Overloaded,
    /// The provider failed inside.
    ServerFailed,
    /// The provider did not answer in time.
    ModelTimedOut,
    /// The provider could not be reached, or the connection broke.
    ConnectionFailed,
    /// What the provider sent cannot be read.
    StreamMalformed,
    /// The provider or the model refused to answer.
    ContentRefused,
    /// The answer was cut at its length limit.
    AnswerTruncated,
    /// The structured answer does not fit its schema, after every repair.
    OutputInvalid,
    /// A test asked a real provider and nobody allowed it.
    LiveCallRefused,
    /// A tool raised or took too long.
    ToolFailed,
    /// A model gave wrong arguments too often.
    ToolArgumentsInvalid,
    /// An agent ended without a usable answer.
    AgentFailed,
    /// A plan could not be stored, moved or found.
    PlanError,
    /// A handle names nothing that this tenant may read.
    ReferenceNotFound,
    /// A glimpse is larger than the model should see.
    GlimpseTooLarge,
    /// A time limit of the program passed.
    TimedOut,
    /// An approval could not be asked or answered.
    ApprovalError,
    /// A human said no.
    ApprovalRejected,
    /// Nobody answered in time.
    ApprovalExpired,
    /// No such approval is waiting.
    UnknownApproval,
    /// The approval was answered otherwise before.
    ApprovalConflict,
    /// A limit of the run was reached.
    LimitReached,
    /// The store did not take or give a record.
    StorageError,
    /// No such run of this tenant is kept.
    RunNotFound,
    /// Another process drives the run.
    RunOwned,
    /// What is kept of a run is not what was written.
    JournalBroken,
    /// The thread has an active run.
    ThreadBusy,
    /// The run was cancelled.
    RunCancelled,
    /// The interruption that unwinds a program.
    Cancelled,
    /// The scripted crash of a test.
    Crashed,
    /// An exception of the host's own, carried unchanged.
    Raised,
}

impl FaultKind {
    /// Whether a call of a model failed, in whatever way.
    #[must_use]
    pub fn is_of_model(self) -> bool {
        matches!(
            self,
            Self::ModelFailed
                | Self::ModelUnavailable
                | Self::AuthenticationFailed
                | Self::PermissionDenied
                | Self::ModelNotFound
                | Self::RequestInvalid
                | Self::ContextTooLong
                | Self::RateLimited
                | Self::Overloaded
                | Self::ServerFailed
                | Self::ModelTimedOut
                | Self::ConnectionFailed
                | Self::StreamMalformed
                | Self::ContentRefused
                | Self::AnswerTruncated
                | Self::OutputInvalid
        )
    }
}

/// An exception of the host language, carried through the machine unchanged.
pub trait HostError: Send + Sync {
    /// The name of its type.
    fn type_name(&self) -> String;
    /// Its stack, as the host prints it.
    fn traceback(&self) -> Option<String>;
    /// The host's own object.
    fn as_any(&self) -> &dyn Any;
}

/// Why there is no answer; cheap to clone.
#[derive(Clone)]
pub struct Fault(Arc<Body>);

#[derive(Clone)]
struct Body {
    kind: FaultKind,
    message: String,
    hint: Option<String>,
    detail: Json,
    cause: Option<Arc<dyn HostError>>,
}

impl Fault {
    /// A fault with its message: lower case, no full stop.
    pub fn new(kind: FaultKind, message: impl Into<String>) -> Self {
        let message = message.into();
        Self(Arc::new(Body { kind, message, hint: None, detail: Json::Null, cause: None }))
    }

    /// A fault that carries an exception of the host unchanged.
    pub fn raised(message: impl Into<String>, cause: Arc<dyn HostError>) -> Self {
        Self::new(FaultKind::Raised, message).caused_by(cause)
    }

    /// The same fault with advice.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.0).hint = Some(hint.into());
        self
    }

    /// The same fault with its structured part.
    #[must_use]
    pub fn detail(mut self, detail: Json) -> Self {
        Arc::make_mut(&mut self.0).detail = detail;
        self
    }

    /// The same fault with the host's exception behind it.
    #[must_use]
    pub fn caused_by(mut self, cause: Arc<dyn HostError>) -> Self {
        Arc::make_mut(&mut self.0).cause = Some(cause);
        self
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> FaultKind {
        self.0.kind
    }

    /// The sentence for a person.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What to do about it.
    #[must_use]
    pub fn advice(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// The structured part, null when there is none.
    #[must_use]
    pub fn details(&self) -> &Json {
        &self.0.detail
    }

    /// The host's exception behind it.
    #[must_use]
    pub fn cause(&self) -> Option<&Arc<dyn HostError>> {
        self.0.cause.as_ref()
    }

    /// Whether this is the interruption that only `ensure` may see.
    #[must_use]
    pub fn is_cancel(&self) -> bool {
        self.0.kind == FaultKind::Cancelled
    }

    /// The note that events and journals keep.
    #[must_use]
    pub fn note(&self) -> ErrorNote {
        let cause = self.cause().filter(|_| self.kind() == FaultKind::Raised);
        ErrorNote {
            kind: cause.map_or_else(|| format!("{:?}", self.kind()), |cause| cause.type_name()),
            message: self.message().to_owned(),
            hint: self.advice().map(str::to_owned),
        }
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.kind(), self.message())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl std::error::Error for Fault {}

/// What is kept of a fault: no objects, no stack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorNote {
    /// The kind, or the name of the host's exception type.
    pub kind: String,
    /// The sentence for a person.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}
