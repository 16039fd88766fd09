//! Sets the stage: brings tables to where a test begins, through the domain's own verbs.

use std::{collections::HashMap, sync::Arc};

use entity::{
    journal, journal_pending, journal_seal,
    words::{ReleaseKind, Source, SubmissionState as State},
};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder};
use serde_json::{Value, json};
use zhiqiao::{
    authz::Role,
    ctx::Ctx,
    domain::{
        self,
        precondition::Precondition,
        releases,
        reviews::{self, Step},
        submissions::{self, Extent, Key, Push, Pushed, Remark, Terms},
    },
    error::Result,
    formats::document,
    memory::ReleaseHead,
};

use crate::app::TestApp;

/// A complete `talent` table without a finding.
pub fn talent(graduates: u32) -> Value {
    json!({
        "talent.graduates": graduates,
        "talent.placed": graduates - 100,
        "talent.local_placement_rate": 61.25,
        "talent.monthly_income": 4012.5,
        "talent.employed_in_sectors": 5000,
        "talent.self_employment_rate": 1.5,
        "talent.promotion_rate_3y": 44.01,
    })
}

/// A complete `conditions` table without a finding; every line of it is protected.
pub fn conditions(floor_area: f64) -> Value {
    json!({
        "conditions.floor_area_per_student": floor_area,
        "conditions.land_area_per_student": 70.5,
        "conditions.dormitory_area_per_student": 7,
        "conditions.equipment_value_per_student": 9000.25,
        "conditions.books_per_student": 80,
        "conditions.computers_per_100_students": 21,
    })
}

/// The city of a school.
pub fn city_of(app: &TestApp, school: &str) -> String {
    app.house.memory.registry().schools.get(school).unwrap().city_code.0.clone()
}

fn any() -> Precondition {
    Precondition::if_match(Some("*"))
}

/// States a table as its school.
pub async fn try_push(ctx: &Ctx, key: &Key, cells: &Value, precondition: Precondition) -> Result<Pushed> {
    let body = json!({ "observations": cells }).to_string();
    let given = document::read_push(body.as_bytes()).unwrap();
    let (key, terms) = (key.clone(), Terms { may_shrink: true, ..Terms::default() });
    submissions::push(ctx, Push { key, extent: Extent::Whole, given, precondition, source: Source::Rest, terms }).await
}

/// States a table as its school, whatever was there.
pub async fn push(app: &TestApp, key: &Key, cells: &Value) -> Pushed {
    try_push(&app.as_(Role::School, key.school.as_str()), key, cells, any()).await.unwrap()
}

/// Brings a table with these cells to a state, from wherever it stands.
pub async fn bring(app: &TestApp, key: &Key, cells: &Value, to: State) {
    let school = app.as_(Role::School, key.school.as_str());
    let city = app.as_(Role::City, &city_of(app, key.school.as_str()));
    let province = app.as_(Role::Province, "620000");
    if let Ok(table) = submissions::get(&province, key).await
        && table.row.state == State::Accepted
    {
        reviews::take(&province, key, Step::Reopen { reason: "again".to_owned() }, &any()).await.unwrap();
    }
    let pushed = push(app, key, cells).await;
    if to == State::Draft {
        return;
    }
    let said =
        pushed.table.content.unwrap().findings.into_iter().map(|one| (one.code, "as it is".to_owned())).collect();
    let mut steps = vec![(&school, Step::Submit { justifications: said })];
    match to {
        State::Approved => steps.push((&city, Step::Approve)),
        State::Accepted => steps.extend([(&city, Step::Approve), (&province, Step::Accept)]),
        State::Returned => {
            let first = cells.as_object().and_then(|cells| cells.keys().next()).unwrap();
            let remarks = vec![Remark { indicator: first.clone(), remark: "look again".to_owned() }];
            steps.push((&city, Step::Return { reason: "not yet".to_owned(), remarks }));
        }
        State::Draft | State::Submitted => {}
    }
    for (who, step) in steps {
        reviews::take(who, key, step, &any()).await.unwrap();
    }
}

/// What a release is to be: of a kind, open at once.
pub fn new_release(kind: ReleaseKind) -> releases::New {
    releases::New { period: None, kind, publish_at: None, note: "for a test".to_owned() }
}

/// Builds a release, open at once.
pub async fn release(app: &TestApp, kind: ReleaseKind) -> Arc<ReleaseHead> {
    releases::create(&app.as_(Role::Province, "620000"), new_release(kind)).await.unwrap()
}

/// How many changes the journal tells of. What was refused changes nothing, and is told when its minute is over.
pub async fn changes(app: &TestApp) -> u64 {
    let told = journal::Entity::find().filter(journal::Column::Action.ne("access.refused"));
    told.count(app.house.db.read()).await.unwrap()
}

/// Seals what is left, and verifies the whole journal: numbered without a gap, every row once, chained.
/// Returns its rows in their order.
pub async fn sealed(app: &TestApp) -> Vec<journal::Model> {
    let ctx = app.system();
    while domain::journal::seal(&ctx).await.unwrap().0 > 0 {}
    let db = app.house.db.read();
    assert_eq!(journal_pending::Entity::find().count(db).await.unwrap(), 0);
    let seals = journal_seal::Entity::find().order_by_asc(journal_seal::Column::Sequence).all(db).await.unwrap();
    let mut rows: HashMap<_, _> =
        journal::Entity::find().all(db).await.unwrap().into_iter().map(|row| (row.id, row)).collect();
    assert_eq!(seals.len(), rows.len());
    let (mut chain, mut sealed) = (String::new(), Vec::new());
    for (sequence, seal) in (1_i64..).zip(&seals) {
        let row = rows.remove(&seal.journal_id).unwrap();
        chain = domain::journal::link(&chain, &row);
        assert_eq!((seal.sequence, &seal.chain_hash), (sequence, &chain));
        sealed.push(row);
    }
    sealed
}
