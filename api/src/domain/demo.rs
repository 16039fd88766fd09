//! The demo: reference data, accounts that everybody knows, and the printed figures of 2023
//! pushed, approved, accepted and released through the same verbs as everybody's.

use std::{collections::BTreeMap, path::Path};

use entity::{
    account, client,
    words::{Duty, ReleaseKind, Role as Word, Source},
};
use sea_orm::{ColumnTrait, QueryFilter};
use serde::Serialize;

use super::{
    accounts,
    certifications::agencies,
    clients,
    keys::{self, Signer},
    load,
    precondition::{Match, Precondition},
    releases::{self, New},
    reviews::{self, Step},
    submissions::{self, Extent, Key, Push, Terms},
};
use crate::{
    authz::{Actor, Role},
    config::Secret,
    ctx::Ctx,
    error::Result,
    formats::document::{Given, GivenCell, GivenValue, Place},
};

/// A demo client, as `demo-credentials.json` has it.
#[derive(Clone, Debug, Serialize)]
pub struct ClientCredential {
    /// The contract's name of the role.
    pub role: &'static str,
    /// The organisation, for the roles that have one.
    pub org: Option<&'static str>,
    /// For the token endpoint.
    pub client_id: String,
    /// Known to everybody; `serve` refuses it.
    pub client_secret: String,
}

/// A demo account, as `demo-credentials.json` has it.
#[derive(Clone, Debug, Serialize)]
pub struct AccountCredential {
    /// The contract's name of the role.
    pub role: &'static str,
    /// The organisation, for the roles that have one.
    pub org: Option<&'static str>,
    /// For `POST /v1/session`.
    pub username: String,
    /// Known to everybody; `serve` refuses it.
    pub password: String,
}

/// Everybody who can sign in to the demo.
#[derive(Clone, Debug, Serialize)]
pub struct Credentials {
    /// Service accounts.
    pub clients: Vec<ClientCredential>,
    /// People.
    pub accounts: Vec<AccountCredential>,
}

/// One of each role; three schools and two cities, so that what they must not see of each other can be tried.
const CAST: &[(Word, Option<&str>)] = &[
    (Word::Province, Some("620000")),
    (Word::City, Some("620100")),
    (Word::City, Some("620500")),
    (Word::School, Some("62001")),
    (Word::School, Some("62002")),
    (Word::School, Some("62005")),
    (Word::Enterprise, Some("EEADEB0F3")),
    (Word::Agency, Some("engineering")),
    (Word::Analyst, None),
    (Word::Auditor, None),
    (Word::Admin, None),
];

/// What the demo's agency evaluates: major categories of the national catalogue (专业大类), by name.
const ENGINEERING: &[&str] = &["装备制造大类", "电子与信息大类", "土木建筑大类", "能源动力与材料大类", "交通运输大类"];

fn name(role: Word, org: Option<&str>) -> String {
    let role = role.word().to_lowercase();
    org.map_or_else(|| role.clone(), |org| format!("{role}-{}", org.to_lowercase()))
}

/// The demo's credentials. They are no secret, and that is why `serve` refuses them.
pub fn credentials() -> Credentials {
    Credentials {
        clients: CAST
            .iter()
            .map(|(role, org)| ClientCredential {
                role: role.word(),
                org: *org,
                client_id: format!("demo-{}", name(*role, *org)),
                client_secret: format!("demo-{}-secret", name(*role, *org)),
            })
            .collect(),
        accounts: CAST
            .iter()
            .map(|(role, org)| AccountCredential {
                role: role.word(),
                org: *org,
                username: name(*role, *org),
                password: format!("demo-{}-password", name(*role, *org)),
            })
            .collect(),
    }
}

/// Whether somebody can sign in here with a secret that everybody knows.
pub async fn has_secrets(ctx: &Ctx) -> Result<bool> {
    let clients = ctx
        .visible::<client::Entity>()
        .filter(client::Column::IsDemo.eq(true))
        .filter(client::Column::IsDisabled.eq(false))
        .one(ctx.db.read())
        .await?;
    let accounts = ctx
        .visible::<account::Entity>()
        .filter(account::Column::IsDemo.eq(true))
        .filter(account::Column::IsDisabled.eq(false))
        .one(ctx.db.read())
        .await?;
    Ok(clients.is_some() || accounts.is_some())
}

/// Fills a database for the demo; one that is filled already is left as it is. Returns whether it was filled now.
///
/// Every step can be repeated, so that a demo that was stopped halfway goes on where it was.
pub async fn fill(ctx: &Ctx, reference: &Path, progress: &mut dyn FnMut(&str)) -> Result<bool> {
    let province = ctx.as_(Actor::with(Role::Province, Some("620000"), "job:demo", "demo"));
    ctx.memory.refresh().await?;
    // Of an earlier version, or sealed with a key that is gone: a demo goes on with another.
    if keys::signer(ctx).await? != Signer::Ready {
        progress("signing key 签名密钥");
        keys::rotate(ctx).await?;
    }
    if !releases::list(&province).await?.is_empty() {
        return Ok(false);
    }
    load::load(ctx, reference, progress).await?;
    progress("accounts 账号");
    cast(ctx).await?;
    progress("agency 评估机构");
    let agency = agencies::State {
        name: "工程类专业评估机构（演示）".to_owned(),
        major_categories: ENGINEERING.iter().map(|word| (*word).to_owned()).collect(),
    };
    agencies::state(&province, "engineering", agency, Some(&Match::Any)).await?;
    progress("figures of the schools 各校数据");
    for (key, given) in tables(reference)? {
        publish(ctx, &province, key, given).await?;
    }
    progress("release 发布 1.0.0");
    let new = New {
        period: None,
        kind: ReleaseKind::Major,
        publish_at: None,
        note: "2023年度质量报告所载各校数据（表2、表6、表16） / Figures of the schools printed in the 2023 report"
            .to_owned(),
    };
    releases::create(&province, new).await?;
    Ok(true)
}

async fn cast(ctx: &Ctx) -> Result<()> {
    let all = credentials();
    for ((role, org), one) in CAST.iter().zip(all.clients) {
        let there = ctx.visible::<client::Entity>().filter(client::Column::ClientId.eq(one.client_id.as_str()));
        if there.one(ctx.db.read()).await?.is_none() {
            let add = clients::Add {
                name: format!("demo {}", name(*role, *org)),
                client_id: one.client_id,
                role: *role,
                org: org.map(str::to_owned),
                duty: Duty::All,
                secret: clients::ClientSecret::Demo(Secret::new(one.client_secret)),
            };
            clients::add(ctx, add).await?;
        }
    }
    for ((role, org), one) in CAST.iter().zip(all.accounts) {
        let there = ctx.visible::<account::Entity>().filter(account::Column::Username.eq(one.username.as_str()));
        if there.one(ctx.db.read()).await?.is_none() {
            let add = accounts::Add {
                display_name: format!("demo {}", one.username),
                username: one.username,
                role: *role,
                org: org.map(str::to_owned),
                duty: Duty::All,
                password: accounts::Password::Demo(Secret::new(one.password)),
            };
            accounts::add(ctx, add).await?;
        }
    }
    Ok(())
}

/// The cells of `observations.csv`, table by table.
fn tables(reference: &Path) -> Result<BTreeMap<Key, Vec<Given<'static>>>> {
    let mut tables: BTreeMap<Key, Vec<Given<'static>>> = BTreeMap::new();
    for row in load::read_observations(reference)? {
        let key = Key { school: row.school, dataset: row.dataset, period: row.period };
        tables.entry(key).or_default().push(Given {
            indicator: row.indicator.0.into(),
            place: Place::Own,
            cell: Some(GivenCell { value: Some(GivenValue::Number(row.value.into())), ..GivenCell::default() }),
        });
    }
    Ok(tables)
}

/// Takes one table all the way, each step under the actor whose step it is.
async fn publish(ctx: &Ctx, province: &Ctx, key: Key, given: Vec<Given<'_>>) -> Result<()> {
    let registry = ctx.memory.registry();
    let city = registry.schools.get(key.school.as_str()).map(|school| school.city_code.0.clone());
    let school = ctx.as_(Actor::with(Role::School, Some(key.school.as_str()), "job:demo", "demo"));
    let city = ctx.as_(Actor::with(Role::City, city.as_deref(), "job:demo", "demo"));
    let any = Precondition::if_match(Some("*"));
    let push = Push {
        key: key.clone(),
        extent: Extent::Whole,
        given,
        precondition: any.clone(),
        source: Source::Bulk,
        terms: Terms::default(),
    };
    let pushed = match submissions::push(&school, push).await {
        Ok(pushed) => pushed,
        // Beyond a draft already: an earlier start was stopped after this one.
        Err(crate::error::Error::Conflict(_)) => return finish(&city, province, &key).await,
        Err(error) => return Err(error),
    };
    let justifications = pushed
        .table
        .content
        .iter()
        .flat_map(|content| &content.findings)
        .map(|finding| (finding.code.clone(), "报告原文如此 / as printed in the report".to_owned()))
        .collect();
    reviews::take(&school, &key, Step::Submit { justifications }, &any).await?;
    finish(&city, province, &key).await
}

async fn finish(city: &Ctx, province: &Ctx, key: &Key) -> Result<()> {
    use entity::words::SubmissionState as State;
    let any = Precondition::if_match(Some("*"));
    let state = submissions::get(province, key).await?.row.state;
    if state == State::Submitted {
        reviews::take(city, key, Step::Approve, &any).await?;
    }
    if matches!(state, State::Submitted | State::Approved) {
        reviews::take(province, key, Step::Accept, &any).await?;
    }
    Ok(())
}
