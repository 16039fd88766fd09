//! Reading a large file while it is still coming in: the instance that takes it in need not fetch it again to work it
//! off. Whoever else takes the batch up reads it from the database, so nothing depends on this.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use entity::ids::BatchId;
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc},
    task::JoinHandle,
};

use super::{
    arriving::{self, Arriving},
    gather::{self, Reading, Source},
    names::Names,
};
use crate::{
    ctx::Ctx,
    error::{Error, Result},
    formats::batch::{Fault, Format},
    memory::registry::Registry,
};

/// How many files are read ahead at the same time. Each takes a thread for as long as it comes in.
const SEATS: usize = 2;
/// How long one that was read is kept for a job that does not come.
const KEPT: Duration = Duration::from_secs(60);

/// The reading of a file; the file comes back with it.
type Pending = JoinHandle<(Source, Result<Reading, Vec<Fault>>)>;

/// Reads a file, off the threads that answer requests.
pub(super) fn read(ctx: &Ctx, registry: &Arc<Registry>, mut source: Source, format: Format) -> Pending {
    let (ctx, registry) = (ctx.clone(), Arc::clone(registry));
    tokio::task::spawn_blocking(move || {
        let read = gather::read(&mut source, format, &Names::new(&ctx, &registry));
        (source, read)
    })
}

/// A file that is read while it comes in.
#[derive(Debug)]
pub(super) struct Ahead {
    pieces: mpsc::Sender<Vec<u8>>,
    reading: Pending,
    registry: Arc<Registry>,
    seat: OwnedSemaphorePermit,
}

impl Ahead {
    /// Hands a piece on; nothing happens where the reader has seen enough.
    pub(super) async fn take(&self, piece: Vec<u8>) {
        let _has_seen_enough = self.pieces.send(piece).await;
    }
}

#[derive(Debug)]
struct Ready {
    batch: BatchId,
    since: Instant,
    reading: Pending,
    registry: Arc<Registry>,
    _seat: OwnedSemaphorePermit,
}

/// The files that an instance has read as they came in, and the word that there is one.
#[derive(Debug)]
pub struct Tray {
    seats: Arc<Semaphore>,
    ready: Mutex<Vec<Ready>>,
    news: Notify,
}

impl Default for Tray {
    fn default() -> Self {
        Self { seats: Arc::new(Semaphore::new(SEATS)), ready: Mutex::default(), news: Notify::new() }
    }
}

impl Tray {
    fn ready(&self) -> MutexGuard<'_, Vec<Ready>> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to read a file as it comes in; nothing where others are being read.
    pub(super) fn begin(&self, ctx: &Ctx, format: Format) -> Result<Option<Ahead>> {
        // Whose batch another instance took keeps nobody from a seat.
        self.ready().retain(|one| one.since.elapsed() < KEPT);
        let Ok(seat) = Arc::clone(&self.seats).try_acquire_owned() else { return Ok(None) };
        let (pieces, come) = mpsc::channel(arriving::AHEAD);
        let source = Source::Arriving(Arriving::new(come).map_err(Error::internal)?);
        let registry = ctx.memory.registry();
        let reading = read(ctx, &registry, source, format);
        Ok(Some(Ahead { pieces, reading, registry, seat }))
    }

    /// The file of a batch is complete.
    pub(super) fn put(&self, batch: BatchId, ahead: Ahead) {
        let Ahead { reading, registry, seat, pieces: _at_its_end } = ahead;
        let ready = Ready { batch, since: Instant::now(), reading, registry, _seat: seat };
        self.ready().push(ready);
    }

    /// Says that there is a batch to be worked off.
    pub(super) fn tell(&self) {
        self.news.notify_one();
    }

    /// Waits until there is one; at once, if that was said since the last time.
    pub async fn has_news(&self) {
        self.news.notified().await;
    }

    /// What was read of a batch's file by the names of this registry.
    pub(super) async fn take(
        &self,
        batch: BatchId,
        registry: &Arc<Registry>,
    ) -> Result<Option<Result<Reading, Vec<Fault>>>> {
        let ready = {
            let mut all = self.ready();
            all.iter().position(|one| one.batch == batch).map(|at| all.swap_remove(at))
        };
        match ready.filter(|one| Arc::ptr_eq(&one.registry, registry)) {
            Some(ready) => ready.reading.await.map(|(_, read)| Some(read)).map_err(Error::internal),
            None => Ok(None),
        }
    }
}
