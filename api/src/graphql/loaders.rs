//! Loaders: what many fields of one query ask for, fetched together.
//!
//! Made per request from the caller's `Ctx`: one shared between callers would hand over
//! another's rows. Nothing is kept after a batch, because a mutation later in the same
//! document may have changed it.

mod parties;
mod seen;
mod tables;

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_graphql::dataloader::DataLoader;
use entity::{
    collection, collection_extension, enterprise_certification,
    ids::{EnterpriseCode, InterestId, RowId, SchoolCode},
    incentive, opportunity, submission, target, task, teacher_certificate,
};
use futures::future::BoxFuture;

use self::{
    parties::{
        Certificates, Certified, CityProgresses, Compliances, EnterpriseSteps, Given, Histories, Judgements, Meetings,
        Opportunities, Reached, TasksOf, TeacherSteps,
    },
    seen::Seen,
    tables::{Compared, Extensions, Founds, Heads, Insides, Medians, Pasts, Progresses, Saids, Stretch, Tables},
};
use super::error::GqlResult;
use crate::{
    ctx::Ctx,
    domain::{
        certifications::Taken,
        cities::TableProgress,
        collections::Progress,
        compliance::Compliance,
        interests::Contacts,
        opportunities::{Matched, Of},
        submissions::{
            Content,
            history::{Head, Past, Sight},
            review::{Comparisons, Peers},
        },
        targets::Judgement,
        tasks::History,
    },
    error::{Error, Finding},
    formats::document::Cells,
};

/// How many turns of the executor nobody may add to a batch before it is fetched.
const QUIET_TURNS: usize = 8;

/// Starts a batch once nobody adds to it any more. One turn of the executor is not enough for that:
/// of a long list it polls two rows that wait, then gives way, and a batch would be those two.
fn when_quiet(asked: &Arc<AtomicUsize>) -> impl Fn(BoxFuture<'static, ()>) + Send + Sync + use<> {
    let asked = Arc::clone(asked);
    move |batch| {
        let asked = Arc::clone(&asked);
        tokio::spawn(async move {
            let (mut before, mut quiet) = (asked.load(Ordering::Relaxed), 0);
            while quiet < QUIET_TURNS {
                tokio::task::yield_now().await;
                let now = asked.load(Ordering::Relaxed);
                quiet = if now == before { quiet + 1 } else { 0 };
                before = now;
            }
            batch.await;
        });
    }
}

/// One of each, made when something is asked of it: most queries ask few.
#[derive(Default)]
struct Slots {
    tables: OnceLock<DataLoader<Tables>>,
    insides: OnceLock<DataLoader<Insides>>,
    progresses: OnceLock<DataLoader<Progresses>>,
    extensions: OnceLock<DataLoader<Extensions>>,
    pasts: OnceLock<DataLoader<Pasts>>,
    compared: OnceLock<DataLoader<Compared>>,
    heads: OnceLock<DataLoader<Heads>>,
    saids: OnceLock<DataLoader<Saids>>,
    founds: OnceLock<DataLoader<Founds>>,
    medians: OnceLock<DataLoader<Medians>>,
    histories: OnceLock<DataLoader<Histories>>,
    tasks_of: OnceLock<DataLoader<TasksOf>>,
    judgements: OnceLock<DataLoader<Judgements>>,
    city_progresses: OnceLock<DataLoader<CityProgresses>>,
    compliances: OnceLock<DataLoader<Compliances>>,
    certified: OnceLock<DataLoader<Certified>>,
    given: OnceLock<DataLoader<Given>>,
    enterprise_steps: OnceLock<DataLoader<EnterpriseSteps>>,
    teacher_steps: OnceLock<DataLoader<TeacherSteps>>,
    certificates: OnceLock<DataLoader<Certificates>>,
    opportunities: OnceLock<DataLoader<Opportunities>>,
    meetings: OnceLock<DataLoader<Meetings>>,
    reached: OnceLock<DataLoader<Reached>>,
}

/// The loaders of one request.
pub struct Loaders {
    ctx: Ctx,
    slots: Slots,
    /// How often something was asked for.
    asked: Arc<AtomicUsize>,
}

impl Loaders {
    /// Loaders for a caller.
    pub fn new(ctx: &Ctx) -> Self {
        Self { ctx: ctx.clone(), slots: Slots::default(), asked: Arc::default() }
    }

    /// One of them, because something is now asked of it.
    fn of<'a, L>(&'a self, slot: &'a OnceLock<DataLoader<L>>, make: fn(Ctx) -> L) -> &'a DataLoader<L> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        // No delay by the clock: a batch is everything that is asked for before the query waits for it.
        slot.get_or_init(|| DataLoader::new(make(self.ctx.clone()), when_quiet(&self.asked)).delay(Duration::ZERO))
    }

    /// The tables of a school that are there for the caller.
    pub async fn tables(&self, school: &SchoolCode) -> GqlResult<Arc<Vec<Arc<submission::Model>>>> {
        Ok(self.of(&self.slots.tables, Tables).load_one(school.clone()).await?.unwrap_or_default())
    }

    /// What a table says, if that is the caller's to see.
    pub async fn inside(&self, row: &Arc<submission::Model>) -> GqlResult<Option<Arc<Content>>> {
        self.of(&self.slots.insides, Insides).load_one(Seen(Arc::clone(row))).await
    }

    /// How far a collection is, over the caller's own schools.
    pub async fn progress(&self, row: &Arc<collection::Model>) -> GqlResult<Arc<Progress>> {
        Ok(self.of(&self.slots.progresses, Progresses).load_one(Seen(Arc::clone(row))).await?.unwrap_or_default())
    }

    /// Who was given longer in a collection, as far as it is the caller's to see.
    pub async fn extensions(&self, row: &Arc<collection::Model>) -> GqlResult<Arc<Vec<collection_extension::Model>>> {
        Ok(self.of(&self.slots.extensions, Extensions).load_one(Seen(Arc::clone(row))).await?.unwrap_or_default())
    }

    /// What a table was before.
    pub async fn past(&self, row: &Arc<submission::Model>) -> GqlResult<Arc<Past>> {
        let past = self.of(&self.slots.pasts, Pasts).load_one(Seen(Arc::clone(row))).await?;
        past.ok_or_else(|| Error::internal("a table without a past").into())
    }

    /// With what a table is compared for its review; with nothing where its values are not the caller's to see.
    pub async fn compared(&self, row: &Arc<submission::Model>) -> GqlResult<Arc<Comparisons>> {
        Ok(self.of(&self.slots.compared, Compared).load_one(Seen(Arc::clone(row))).await?.unwrap_or_default())
    }

    /// The revisions of a table from the first number to the last, newest first.
    pub async fn heads(&self, past: &Arc<Past>, first: i32, last: i32) -> GqlResult<Arc<Vec<Head>>> {
        Ok(self
            .of(&self.slots.heads, Heads)
            .load_one(Stretch { past: Arc::clone(past), first, last })
            .await?
            .unwrap_or_default())
    }

    /// What a revision says.
    pub async fn said(&self, sight: Sight) -> GqlResult<Arc<Cells>> {
        let said = self.of(&self.slots.saids, Saids).load_one(sight).await?;
        said.ok_or_else(|| Error::internal("a revision without a document").into())
    }

    /// What the checks found in a revision.
    pub async fn found(&self, sight: Sight) -> GqlResult<Arc<Vec<Finding>>> {
        Ok(self.of(&self.slots.founds, Founds).load_one(sight).await?.unwrap_or_default())
    }

    /// The medians of the peers of a table.
    pub async fn medians(&self, row: &submission::Model) -> GqlResult<Arc<Peers>> {
        let peers = self
            .of(&self.slots.medians, Medians)
            .load_one((row.dataset_code.0.clone(), row.period_code.0.clone()))
            .await?;
        peers.ok_or_else(|| Error::internal("a table without peers").into())
    }

    /// What was said of a task.
    pub async fn task_history(&self, row: &task::Model) -> GqlResult<Arc<History>> {
        Ok(self.of(&self.slots.histories, Histories).load_one((row.id, row.version)).await?.unwrap_or_default())
    }

    /// The tasks of a city that are there for the caller.
    pub async fn tasks(&self, city: &str) -> GqlResult<Arc<Vec<Arc<task::Model>>>> {
        Ok(self.of(&self.slots.tasks_of, TasksOf).load_one(city.to_owned()).await?.unwrap_or_default())
    }

    /// What the newest release says of a target.
    pub async fn judgement(&self, row: &Arc<target::Model>) -> GqlResult<Arc<Judgement>> {
        let judged = self.of(&self.slots.judgements, Judgements).load_one(Seen(Arc::clone(row))).await?;
        judged.ok_or_else(|| Error::internal("a target without a judgement").into())
    }

    /// How far the tables of a city are.
    pub async fn city_progress(&self, city: &str, period: Option<String>) -> GqlResult<Arc<Vec<TableProgress>>> {
        Ok(self
            .of(&self.slots.city_progresses, CityProgresses)
            .load_one((city.to_owned(), period))
            .await?
            .unwrap_or_default())
    }

    /// Who meets the standards in a period, or in the newest; nothing where nothing is published.
    pub async fn compliance(&self, period: Option<String>) -> GqlResult<Option<Arc<Compliance>>> {
        self.of(&self.slots.compliances, Compliances).load_one(period).await
    }

    /// The certifications of an enterprise that are there for the caller.
    pub async fn certifications(&self, code: &EnterpriseCode) -> GqlResult<Arc<Vec<enterprise_certification::Model>>> {
        Ok(self.of(&self.slots.certified, Certified).load_one(code.clone()).await?.unwrap_or_default())
    }

    /// What an enterprise was given, as far as it is the caller's to see.
    pub async fn incentives(&self, code: &EnterpriseCode) -> GqlResult<Arc<Vec<incentive::Model>>> {
        Ok(self.of(&self.slots.given, Given).load_one(code.clone()).await?.unwrap_or_default())
    }

    /// What an application of an enterprise has gone through.
    pub async fn enterprise_steps(&self, id: RowId) -> GqlResult<Arc<Vec<Taken>>> {
        Ok(self.of(&self.slots.enterprise_steps, EnterpriseSteps).load_one(id).await?.unwrap_or_default())
    }

    /// What an application of a teacher has gone through.
    pub async fn teacher_steps(&self, id: RowId) -> GqlResult<Arc<Vec<Taken>>> {
        Ok(self.of(&self.slots.teacher_steps, TeacherSteps).load_one(id).await?.unwrap_or_default())
    }

    /// The certificate of an application.
    pub async fn certificate(&self, id: RowId) -> GqlResult<Option<teacher_certificate::Model>> {
        self.of(&self.slots.certificates, Certificates).load_one(id).await
    }

    /// The opportunities of a school, an enterprise or a city that are there for the caller, newest first.
    pub async fn opportunities(&self, of: Of) -> GqlResult<Arc<Vec<Arc<opportunity::Model>>>> {
        Ok(self.of(&self.slots.opportunities, Opportunities).load_one(of).await?.unwrap_or_default())
    }

    /// The best counterparts of an opportunity.
    pub async fn matches(&self, row: &Arc<opportunity::Model>, most: usize) -> GqlResult<Arc<Vec<Matched>>> {
        Ok(self.of(&self.slots.meetings, Meetings).load_one((Seen(Arc::clone(row)), most)).await?.unwrap_or_default())
    }

    /// How both sides of an interest are reached, if that is the caller's to be told.
    pub async fn contacts(&self, id: InterestId) -> GqlResult<Option<Contacts>> {
        self.of(&self.slots.reached, Reached).load_one(id).await
    }
}
