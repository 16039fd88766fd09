//! What is fetched of cities, enterprises and teachers: tasks, targets, certifications, supply and demand.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use async_graphql::dataloader::Loader;
use entity::{
    enterprise_certification,
    ids::{EnterpriseCode, InterestId, RowId},
    incentive, opportunity, target, task, teacher_certificate,
};

use super::seen::Seen;
use crate::{
    ctx::Ctx,
    domain::{
        certifications::{Taken, certificates, enterprises, incentives, teachers},
        cities::{self, TableProgress},
        compliance::{self, Compliance},
        interests::{self, Contacts},
        opportunities::{self, Matched, Of},
        targets::{self, Judgement},
        tasks::{self, History, progress},
    },
    error::Error,
    graphql::error::{GqlError, GqlResult},
};

/// What was said of tasks, as far as it is the caller's to see. A task is asked for in the state that was seen.
pub(super) struct Histories(pub(super) Ctx);

impl Loader<(RowId, i32)> for Histories {
    type Value = Arc<History>;
    type Error = GqlError;

    async fn load(&self, asked: &[(RowId, i32)]) -> GqlResult<HashMap<(RowId, i32), Self::Value>> {
        let ids: Vec<RowId> = asked.iter().map(|(id, _)| *id).collect();
        let found = progress::histories(&self.0, self.0.db.read(), &ids).await?;
        let found: HashMap<RowId, Arc<History>> = found.into_iter().map(|(id, one)| (id, Arc::new(one))).collect();
        Ok(asked.iter().filter_map(|key| Some((*key, Arc::clone(found.get(&key.0)?)))).collect())
    }
}

/// The tasks of a city.
pub(super) struct TasksOf(pub(super) Ctx);

impl Loader<String> for TasksOf {
    type Value = Arc<Vec<Arc<task::Model>>>;
    type Error = GqlError;

    async fn load(&self, cities: &[String]) -> GqlResult<HashMap<String, Self::Value>> {
        let filter = tasks::Filter { city: Some(cities.to_vec()), ..tasks::Filter::default() };
        let mut of: HashMap<String, Vec<Arc<task::Model>>> = HashMap::new();
        for row in tasks::all(&self.0, &filter).await? {
            of.entry(row.city_code.0.clone()).or_default().push(Arc::new(row));
        }
        Ok(of.into_iter().map(|(city, rows)| (city, Arc::new(rows))).collect())
    }
}

/// What the newest release says of targets.
pub(super) struct Judgements(pub(super) Ctx);

impl Loader<Seen<target::Model>> for Judgements {
    type Value = Arc<Judgement>;
    type Error = GqlError;

    async fn load(&self, asked: &[Seen<target::Model>]) -> GqlResult<HashMap<Seen<target::Model>, Self::Value>> {
        let rows: Vec<&target::Model> = asked.iter().map(|one| &*one.0).collect();
        let judged = targets::judge(&self.0, &rows, None).await?;
        Ok(asked.iter().cloned().zip(judged.into_iter().map(Arc::new)).collect())
    }
}

/// A city, and the period that is meant.
pub(super) type CityPeriod = (String, Option<String>);

/// How far the tables of cities are.
pub(super) struct CityProgresses(pub(super) Ctx);

impl Loader<CityPeriod> for CityProgresses {
    type Value = Arc<Vec<TableProgress>>;
    type Error = GqlError;

    async fn load(&self, asked: &[CityPeriod]) -> GqlResult<HashMap<CityPeriod, Self::Value>> {
        let mut of: HashMap<Option<String>, BTreeSet<String>> = HashMap::new();
        for (city, period) in asked {
            of.entry(period.clone()).or_default().insert(city.clone());
        }
        let mut all = HashMap::new();
        for (period, cities) in of {
            let found = cities::progress(&self.0, &cities, period.as_deref()).await?;
            all.extend(found.into_iter().map(|(city, tables)| ((city, period.clone()), Arc::new(tables))));
        }
        Ok(all)
    }
}

/// Who meets the standards in a period: once for all cities that are asked about.
pub(super) struct Compliances(pub(super) Ctx);

impl Loader<Option<String>> for Compliances {
    type Value = Arc<Compliance>;
    type Error = GqlError;

    async fn load(&self, asked: &[Option<String>]) -> GqlResult<HashMap<Option<String>, Self::Value>> {
        let mut all = HashMap::new();
        for said in asked {
            let period = match said {
                Some(period) => Some(period.clone()),
                None => cities::standards_period(&self.0).await?,
            };
            let Some(period) = period else { continue };
            let ask = compliance::Ask { period, ..compliance::Ask::default() };
            match compliance::compliance(&self.0, &ask).await {
                Ok(found) => {
                    all.insert(said.clone(), Arc::new(found));
                }
                // There is no release yet.
                Err(Error::NotFound(_)) => {}
                Err(fault) => return Err(fault.into()),
            }
        }
        Ok(all)
    }
}

/// The certifications of enterprises, as far as they are there for the caller.
pub(super) struct Certified(pub(super) Ctx);

impl Loader<EnterpriseCode> for Certified {
    type Value = Arc<Vec<enterprise_certification::Model>>;
    type Error = GqlError;

    async fn load(&self, codes: &[EnterpriseCode]) -> GqlResult<HashMap<EnterpriseCode, Self::Value>> {
        let found = enterprises::of_enterprises(&self.0, codes).await?;
        Ok(found.into_iter().map(|(code, rows)| (code, Arc::new(rows))).collect())
    }
}

/// What enterprises were given, as far as it is the caller's to see.
pub(super) struct Given(pub(super) Ctx);

impl Loader<EnterpriseCode> for Given {
    type Value = Arc<Vec<incentive::Model>>;
    type Error = GqlError;

    async fn load(&self, codes: &[EnterpriseCode]) -> GqlResult<HashMap<EnterpriseCode, Self::Value>> {
        let found = incentives::of_enterprises(&self.0, codes).await?;
        Ok(found.into_iter().map(|(code, rows)| (code, Arc::new(rows))).collect())
    }
}

/// What applications of enterprises have gone through, as far as it is the caller's to see.
pub(super) struct EnterpriseSteps(pub(super) Ctx);

impl Loader<RowId> for EnterpriseSteps {
    type Value = Arc<Vec<Taken>>;
    type Error = GqlError;

    async fn load(&self, ids: &[RowId]) -> GqlResult<HashMap<RowId, Self::Value>> {
        let found = enterprises::steps(&self.0, ids).await?;
        Ok(found.into_iter().map(|(id, steps)| (id, Arc::new(steps))).collect())
    }
}

/// What applications of teachers have gone through.
pub(super) struct TeacherSteps(pub(super) Ctx);

impl Loader<RowId> for TeacherSteps {
    type Value = Arc<Vec<Taken>>;
    type Error = GqlError;

    async fn load(&self, ids: &[RowId]) -> GqlResult<HashMap<RowId, Self::Value>> {
        let found = teachers::steps(&self.0, ids).await?;
        Ok(found.into_iter().map(|(id, steps)| (id, Arc::new(steps))).collect())
    }
}

/// The certificates of applications.
pub(super) struct Certificates(pub(super) Ctx);

impl Loader<RowId> for Certificates {
    type Value = teacher_certificate::Model;
    type Error = GqlError;

    async fn load(&self, ids: &[RowId]) -> GqlResult<HashMap<RowId, Self::Value>> {
        Ok(certificates::of_applications(&self.0, ids).await?)
    }
}

/// The opportunities of schools, enterprises and cities.
pub(super) struct Opportunities(pub(super) Ctx);

impl Loader<Of> for Opportunities {
    type Value = Arc<Vec<Arc<opportunity::Model>>>;
    type Error = GqlError;

    async fn load(&self, asked: &[Of]) -> GqlResult<HashMap<Of, Self::Value>> {
        let found = opportunities::of_all(&self.0, asked).await?;
        Ok(found.into_iter().map(|(of, rows)| (of, Arc::new(rows.into_iter().map(Arc::new).collect()))).collect())
    }
}

/// An opportunity, and how many of its counterparts are wanted.
pub(super) type Meeting = (Seen<opportunity::Model>, usize);

/// The best counterparts of opportunities.
pub(super) struct Meetings(pub(super) Ctx);

impl Loader<Meeting> for Meetings {
    type Value = Arc<Vec<Matched>>;
    type Error = GqlError;

    async fn load(&self, asked: &[Meeting]) -> GqlResult<HashMap<Meeting, Self::Value>> {
        // The most that anybody wants of each: who wants fewer takes the first of them.
        let rows = asked.iter().map(|(seen, most)| ((*seen.0).clone(), *most)).collect();
        let found = opportunities::of_rows(&self.0, rows).await?;
        let some = |one: &Meeting| {
            let all = found.get(&one.0.0.id).into_iter().flatten();
            (one.clone(), Arc::new(all.take(one.1).cloned().collect()))
        };
        Ok(asked.iter().map(some).collect())
    }
}

/// How both sides of interests are reached, as far as it is the caller's to be told.
pub(super) struct Reached(pub(super) Ctx);

impl Loader<InterestId> for Reached {
    type Value = Contacts;
    type Error = GqlError;

    async fn load(&self, asked: &[InterestId]) -> GqlResult<HashMap<InterestId, Self::Value>> {
        Ok(interests::contacts(&self.0, asked).await?)
    }
}
