//! Taking a file in: a small one into memory, a large one piece by piece into the database.

use std::io::Cursor;

use entity::{batch, words::BatchState};
use sha2::{Digest, Sha256};
use tokio::task::JoinHandle;

use super::{
    AT_ONCE_BYTES, AT_ONCE_ROWS, Batch, Source, admit,
    ahead::{self, Ahead, Tray},
    at_once, queue,
};
use crate::{
    ctx::Ctx,
    domain::submissions::Terms,
    error::{Error, Result},
    formats::{
        batch::{Format, refusal},
        document::hex,
    },
};

/// How large the pieces are that a file is kept in: each is a commit of its own.
const PART_BYTES: usize = 2 << 20;

/// A file that is coming in.
#[derive(Debug)]
pub struct Intake<'t> {
    ctx: Ctx,
    tray: &'t Tray,
    row: batch::Model,
    limit: usize,
    size: usize,
    hash: Sha256,
    held: Vec<u8>,
    parts: i32,
    /// The piece that is being written while the next one comes in.
    writing: Option<JoinHandle<Result<()>>>,
    /// A large one is read on the way, if there is a seat.
    ahead: Option<Ahead>,
}

impl<'t> Intake<'t> {
    /// A file of a format, of at most so many bytes.
    ///
    /// # Errors
    /// 401 or 403 for who may not send batches.
    pub fn new(ctx: &Ctx, tray: &'t Tray, format: Format, terms: Terms, limit: usize) -> Result<Self> {
        admit(ctx)?;
        let row = queue::new(ctx, BatchState::Receiving, format, terms)?;
        Ok(Self {
            ctx: ctx.clone(),
            tray,
            row,
            limit,
            size: 0,
            hash: Sha256::new(),
            held: Vec::new(),
            parts: 0,
            writing: None,
            ahead: None,
        })
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// 413 over the limit; call [`Self::abandon`] then.
    pub async fn take(&mut self, bytes: &[u8]) -> Result<()> {
        self.size = self.size.saturating_add(bytes.len());
        if self.size > self.limit {
            return Err(Error::TooLarge { limit_bytes: self.limit });
        }
        self.hash.update(bytes);
        self.held.extend_from_slice(bytes);
        if self.parts == 0 && self.size <= AT_ONCE_BYTES {
            return Ok(());
        }
        if self.parts == 0 {
            // Too large to be answered at once, from here on.
            let first = std::mem::take(&mut self.held);
            return self.keep(first).await;
        }
        while self.held.len() >= PART_BYTES {
            let rest = self.held.split_off(PART_BYTES);
            let part = std::mem::replace(&mut self.held, rest);
            self.keep(part).await?;
        }
        Ok(())
    }

    async fn keep(&mut self, part: Vec<u8>) -> Result<()> {
        if self.parts == 0 {
            queue::insert(self.ctx.db.write(), &self.row).await?;
            self.ahead = self.tray.begin(&self.ctx, queue::format(self.row.format))?;
        }
        if let Some(ahead) = &self.ahead {
            ahead.take(part.clone()).await;
        }
        self.written().await?;
        let (ctx, id, number) = (self.ctx.clone(), self.row.id, self.parts);
        self.writing = Some(tokio::spawn(async move { queue::insert_part(ctx.db.write(), id, number, part).await }));
        self.parts += 1;
        Ok(())
    }

    /// Waits for the piece that is being written.
    async fn written(&mut self) -> Result<()> {
        match self.writing.take() {
            Some(writing) => writing.await.map_err(Error::internal)?,
            None => Ok(()),
        }
    }

    /// The file is complete: a small one is judged and stored, a large one waits for its turn.
    ///
    /// # Errors
    /// 422 with everything that is wrong with a small file itself; nothing is stored then.
    pub async fn end(mut self) -> Result<Batch> {
        let size = i64::try_from(self.size).map_err(Error::internal)?;
        self.row.size_bytes = size;
        self.row.content_hash = Some(hex(&std::mem::take(&mut self.hash).finalize()));
        if self.parts == 0 {
            let registry = self.ctx.memory.registry();
            let format = queue::format(self.row.format);
            let source = Source::Memory(Cursor::new(std::mem::take(&mut self.held)));
            let (source, read) = ahead::read(&self.ctx, &registry, source, format).await.map_err(Error::internal)?;
            let reading = read.map_err(|faults| refusal(&faults))?;
            if reading.rows <= AT_ONCE_ROWS {
                return at_once(&self.ctx, &registry, reading, self.row).await;
            }
            if let Source::Memory(bytes) = source {
                self.held = bytes.into_inner();
            }
        }
        while !self.held.is_empty() {
            let rest = self.held.split_off(PART_BYTES.min(self.held.len()));
            let part = std::mem::replace(&mut self.held, rest);
            self.keep(part).await?;
        }
        self.written().await?;
        if let Some(ahead) = self.ahead.take() {
            self.tray.put(self.row.id, ahead);
        }
        // Under a key the file is taken when its answer is kept, and not before.
        let tx = self.ctx.begin().await?;
        queue::received(&self.ctx, &tx, &self.row).await?;
        tx.commit().await?;
        self.tray.tell();
        self.row.state = BatchState::Running;
        Ok(Batch::new(self.row, Vec::new()))
    }

    /// Throws away what has come so far.
    pub async fn abandon(mut self) {
        if let Err(fault) = self.written().await {
            fault.log();
        }
        if self.parts > 0
            && let Err(fault) = queue::forget(&self.ctx, self.row.id).await
        {
            // It is forgotten a day later.
            fault.log();
        }
    }
}
