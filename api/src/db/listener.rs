//! What instances say to each other over PostgreSQL (`LISTEN`, `NOTIFY`).
//!
//! It makes things quicker and nothing true: what is said while nobody listens is lost, so
//! whoever listens looks for itself as well.

use sea_orm::{
    DbErr, RuntimeErr,
    sqlx::{self, postgres::PgListener, postgres::PgPoolOptions},
};

use crate::error::Result;

/// A connection of its own that hears one channel, and finds its way back when it is cut.
#[derive(Debug)]
pub struct Listener(PgListener);

impl Listener {
    pub(super) async fn open(pool: &sqlx::PgPool, channel: &str) -> Result<Self> {
        // Not one of the pool's: those are for requests, and there may be few.
        let options = pool.connect_options().as_ref().clone();
        let own = PgPoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
        let mut listener =
            PgListener::connect_with(&own.connect_with(options).await.map_err(fault)?).await.map_err(fault)?;
        listener.listen(channel).await.map_err(fault)?;
        Ok(Self(listener))
    }

    /// Waits until something was said, or until the connection was lost and is back: then something
    /// may have been said.
    pub async fn heard(&mut self) -> Result<()> {
        self.0.try_recv().await.map_err(fault)?;
        Ok(())
    }
}

fn fault(cause: sqlx::Error) -> DbErr {
    DbErr::Conn(RuntimeErr::SqlxError(cause.into()))
}
