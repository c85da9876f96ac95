//! The bell: how tokio wakes an event loop without ever touching Python.

use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use tokio::runtime::{Builder, Runtime};

/// How many threads read what providers send.
const WORKERS: usize = 2;

/// The runtime of this process; a forked child builds its own.
static RUNTIME: Mutex<Option<(u32, Arc<Runtime>)>> = Mutex::new(None);

/// The tokio runtime, built when it is first needed.
pub fn runtime() -> std::io::Result<Arc<Runtime>> {
    let process = std::process::id();
    let mut kept = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((owner, runtime)) = kept.as_ref() {
        if *owner == process {
            return Ok(Arc::clone(runtime));
        }
        // The threads of the parent do not exist here, so that its runtime can neither work nor stop.
        std::mem::forget(kept.take());
    }
    let runtime =
        Arc::new(Builder::new_multi_thread().worker_threads(WORKERS).thread_name("flowai").enable_all().build()?);
    *kept = Some((process, Arc::clone(&runtime)));
    Ok(runtime)
}

/// Stops the runtime, waiting only so long.
pub fn stop_runtime() {
    let kept = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some((owner, runtime)) = kept {
        match Arc::try_unwrap(runtime) {
            Ok(runtime) if owner == std::process::id() => runtime.shutdown_timeout(Duration::from_millis(200)),
            other => std::mem::forget(other),
        }
    }
}

/// Rung by tokio, heard by an event loop; many rings before a hearing are one.
#[derive(Debug)]
pub struct Rope {
    rung: Mutex<Vec<u64>>,
    writer: UnixStream,
}

impl Rope {
    /// Says that the run of this number has something to do.
    pub fn ring(&self, run: u64) {
        let mut rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        let silent = rung.is_empty();
        if rung.last() != Some(&run) {
            rung.push(run);
        }
        drop(rung);
        if silent {
            // A loop that is gone hears nothing, and a full pipe has rung already.
            let _ = (&self.writer).write(&[1]);
        }
    }
}

/// The loop's end of the bell.
#[pyclass(module = "flowai._bridge", frozen)]
pub struct Bell {
    pub rope: Arc<Rope>,
    reader: UnixStream,
}

#[pymethods]
impl Bell {
    #[new]
    fn new() -> PyResult<Self> {
        let (reader, writer) = UnixStream::pair().map_err(|error| PyOSError::new_err(error.to_string()))?;
        reader.set_nonblocking(true)?;
        writer.set_nonblocking(true)?;
        Ok(Self { rope: Arc::new(Rope { rung: Mutex::default(), writer }), reader })
    }

    /// The file descriptor that becomes readable when the bell is rung.
    fn fileno(&self) -> i32 {
        self.reader.as_raw_fd()
    }

    /// The runs that have something to do, each once.
    fn heard(&self) -> Vec<u64> {
        let mut bytes = [0_u8; 64];
        while matches!((&self.reader).read(&mut bytes), Ok(count) if count == bytes.len()) {}
        let mut runs = std::mem::take(&mut *self.rope.rung.lock().unwrap_or_else(PoisonError::into_inner));
        runs.sort_unstable();
        runs.dedup();
        runs
    }
}
