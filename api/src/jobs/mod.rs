//! Background work. Each job acts under its own name, is safe to run on every instance at once,
//! and is safe to run twice.

pub mod batches;
pub mod broker;
pub mod broom;
pub mod courier;
pub mod ear;
pub mod herald;
pub mod keeper;
pub mod pulse;
pub mod sealer;
pub mod usher;

use std::{future::Future, sync::Arc, time::Duration};

use tokio::{sync::watch, task::JoinHandle, time::MissedTickBehavior};

use crate::House;

/// The jobs of one instance; they end when this is stopped.
#[derive(Debug)]
pub struct Jobs {
    stop: watch::Sender<bool>,
    running: Vec<JoinHandle<()>>,
}

impl Jobs {
    /// Starts every job.
    pub fn start(house: &Arc<House>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let told = herald::Told::default();
        let announce = move |house| herald::announce(house, Arc::clone(&told));
        let done = broker::Done::default();
        let broke = move |house| broker::round(house, Arc::clone(&done));
        // Made here and not in its task: what it sets up for the whole process is there from the start.
        let courier = courier::Courier::new(&house.config);
        let running = vec![
            tokio::spawn(every(pulse::EVERY, stopped.clone(), Arc::clone(house), pulse::beat)),
            tokio::spawn(every(herald::EVERY, stopped.clone(), Arc::clone(house), announce)),
            tokio::spawn(ear::listen(Arc::clone(house), stopped.clone())),
            tokio::spawn(sealer::run(Arc::clone(house), stopped.clone())),
            tokio::spawn(every(usher::EVERY, stopped.clone(), Arc::clone(house), usher::remind)),
            tokio::spawn(every(broker::EVERY, stopped.clone(), Arc::clone(house), broke)),
            tokio::spawn(every(broom::EVERY, stopped.clone(), Arc::clone(house), broom::sweep)),
            tokio::spawn(every(batches::PURGE_EVERY, stopped.clone(), Arc::clone(house), batches::purge)),
            tokio::spawn(keeper::run(Arc::clone(house), stopped.clone())),
            tokio::spawn(every(keeper::PURGE_EVERY, stopped.clone(), Arc::clone(house), keeper::purge)),
            tokio::spawn(batches::work(stopped.clone(), Arc::clone(house))),
            tokio::spawn(courier::run(Arc::clone(house), stopped, courier)),
        ];
        Self { stop, running }
    }

    /// Lets what runs finish, and starts nothing more.
    pub async fn stop(self) {
        let _nobody_listens = self.stop.send(true);
        for job in self.running {
            if let Err(fault) = job.await {
                tracing::error!(%fault, "a job ended badly");
            }
        }
    }
}

/// Runs a piece of work again and again until told to stop.
async fn every<W, F>(period: Duration, mut stopped: watch::Receiver<bool>, house: Arc<House>, work: W)
where
    W: Fn(Arc<House>) -> F,
    F: Future<Output = ()>,
{
    let mut ticks = tokio::time::interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => work(Arc::clone(&house)).await,
            _ = stopped.changed() => return,
        }
    }
}
