//! The courier of a run: carries its questions to models and puts what comes back into its inbox.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use flowai_core::effects::CallModel;
use flowai_core::events::EventBody;
use flowai_core::fault::{Fault, FaultKind};
use flowai_core::machine::{Ask, AskId};
use flowai_core::value::Outcome;
use flowai_interp_live::providers::Piece;
use flowai_interp_live::{Courier, Post};
use tokio::task::AbortHandle;

use crate::bell::runtime;
use crate::deltas::SharedDeltas;
use crate::exchange::Exchange;
use crate::inbox::{HungRope, Inbox, News, ring};

/// Asks the models of a runtime for one run; when it goes, so do its requests.
pub struct Messenger {
    pub exchange: Arc<Exchange>,
    pub letters: Arc<Letters>,
    pub deltas: SharedDeltas,
    pub under_way: HashMap<AskId, AbortHandle>,
}

impl Courier for Messenger {
    fn send(&mut self, ask: &Ask, call: &Arc<CallModel>) -> Result<(), Fault> {
        let models = self.exchange.models()?;
        models.endpoint(&call.model)?;
        let runtime = runtime().map_err(|error| {
            Fault::new(FaultKind::ConnectionFailed, format!("the threads for connections cannot be started: {error}"))
        })?;
        self.deltas.lock().unwrap_or_else(PoisonError::into_inner).open(ask.id, ask.position.clone());
        let letters = Arc::clone(&self.letters);
        let request = models.ask_within(runtime.handle(), ask.id, call, ask.answer_tokens_max(), letters);
        self.under_way.insert(ask.id, request);
        Ok(())
    }

    fn let_go(&mut self, id: AskId) {
        if let Some(request) = self.under_way.remove(&id) {
            request.abort();
        }
        self.deltas.lock().unwrap_or_else(PoisonError::into_inner).close(id);
    }
}

impl Drop for Messenger {
    fn drop(&mut self) {
        self.under_way.values().for_each(AbortHandle::abort);
    }
}

/// What models tell of a run's calls, from any thread.
pub struct Letters {
    pub inbox: Arc<Inbox>,
    pub rope: HungRope,
}

impl Letters {
    fn put(&self, news: News) {
        self.inbox.put(news);
        ring(&self.rope);
    }
}

impl Post for Letters {
    fn answered(&self, id: AskId, outcome: Outcome) {
        self.put(News::Answered(id, outcome));
    }

    fn told(&self, id: AskId, body: EventBody) {
        self.put(News::ToldOf(id, body));
    }

    fn shown(&self, id: AskId, attempt: u32, index: u32, piece: Piece) {
        self.put(News::Shown(id, attempt, index, piece));
    }
}
