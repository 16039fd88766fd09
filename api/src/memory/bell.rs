//! How far the journal is sealed, as far as this instance has heard, and who waits for more.

use tokio::sync::watch;

#[derive(Clone, Copy, Debug, Default)]
struct State {
    sealed: i64,
    is_ending: bool,
}

/// Rung when something has been sealed; it wakes everybody who waits for news, and at the end of
/// the service sends them home.
#[derive(Debug)]
pub struct Bell {
    news: watch::Sender<State>,
}

impl Bell {
    pub(super) fn new(sealed: i64) -> Self {
        Self { news: watch::Sender::new(State { sealed, is_ending: false }) }
    }

    /// Says that the journal is sealed up to this number.
    pub fn ring(&self, sealed: i64) {
        self.news.send_if_modified(|state| {
            let is_news = sealed > state.sealed;
            state.sealed = state.sealed.max(sealed);
            is_news
        });
    }

    /// Says that the service ends: who waits goes home, and nobody waits any more.
    pub fn end(&self) {
        self.news.send_modify(|state| state.is_ending = true);
    }

    /// Says that the service begins.
    pub fn begin(&self) {
        self.news.send_modify(|state| state.is_ending = false);
    }

    /// Whether somebody waits.
    pub fn is_awaited(&self) -> bool {
        self.news.receiver_count() > 0
    }

    /// Somebody who will wait. What is sealed from now on is news for it.
    pub fn listen(&self) -> Ear {
        Ear(self.news.subscribe())
    }
}

/// Somebody who waits for news.
#[derive(Clone, Debug)]
pub struct Ear(watch::Receiver<State>);

impl Ear {
    /// Waits until more is sealed than this number; `false` when the service ends.
    pub async fn beyond(&mut self, sealed: i64) -> bool {
        let state = self.0.wait_for(|state| state.is_ending || state.sealed > sealed).await;
        state.is_ok_and(|state| !state.is_ending)
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn what_is_known_already_is_not_waited_for() {
        let bell = Bell::new(3);
        let mut ear = bell.listen();
        assert_eq!(ear.beyond(2).now_or_never(), Some(true));
        assert_eq!(ear.beyond(3).now_or_never(), None);
        bell.ring(4);
        assert_eq!(ear.beyond(3).now_or_never(), Some(true));
    }

    #[tokio::test]
    async fn it_never_goes_back() {
        let bell = Bell::new(3);
        let mut ear = bell.listen();
        bell.ring(2);
        assert_eq!(ear.beyond(3).now_or_never(), None);
        assert_eq!(ear.beyond(2).now_or_never(), Some(true));
    }

    #[tokio::test]
    async fn at_the_end_everybody_goes_home() {
        let bell = Bell::new(3);
        let mut ear = bell.listen();
        let (is_news, ()) = tokio::join!(ear.beyond(3), async { bell.end() });
        assert!(!is_news);
        assert_eq!(bell.listen().beyond(9).now_or_never(), Some(false));
        assert!(bell.is_awaited());
        drop(ear);
        assert!(!bell.is_awaited());
    }
}
