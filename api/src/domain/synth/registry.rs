//! Cities, schools, consortia and tables that say of themselves that they are not real.

use entity::{
    city, consortium, consortium_member, dataset,
    ids::{CityCode, ConsortiumCode, DatasetCode, IndicatorCode, RowId, SchoolCode},
    indicator, school,
    words::{
        Affiliation, Aggregation, ConsortiumKind, ConsortiumScope, Disclosure, MemberRole, Ownership, Partition,
        PeriodKind, SchoolCategory, SchoolTier,
    },
};
use sea_orm::{ConnectionTrait, EntityTrait, IntoActiveModel, Iterable, PrimaryKeyToColumn, sea_query::OnConflict};
use serde_json::json;
use uuid::Uuid;

use super::{
    SOURCE, Size, code_of_city, code_of_indicator, code_of_school, code_of_table,
    figures::{Chance, Line},
};
use crate::{
    authz::{Action, Kind},
    ctx::Ctx,
    domain::journal::{self, Event},
    error::{Error, Result},
    formats::document::sha256,
    memory::{self, Thing},
};

/// Synthetic rows come after all others.
const POSITION: i32 = 1_000_000;

/// Of the schools of a city, every so many-th is in the city's consortium.
const MEMBER: u32 = 4;

/// SQLite takes 32,766 parameters in a statement; the widest row here has 27.
const ROWS: usize = 1_000;

/// Writes what is not there yet; what is there stays as it is.
pub(super) async fn write(ctx: &Ctx, size: Size) -> Result<()> {
    for kind in [Kind::Registry, Kind::Catalogue] {
        ctx.require(Action::Create, kind)?;
    }
    let tx = ctx.begin().await?;
    put(&tx, (1..=size.cities()).map(city)).await?;
    put(&tx, (1..=size.schools).map(|number| school(size, number))).await?;
    put(&tx, (1..=size.cities()).map(|city| consortium(size, city)).collect::<Result<Vec<_>>>()?).await?;
    put(&tx, (1..=size.schools).filter_map(|number| member(size, number).transpose()).collect::<Result<Vec<_>>>()?)
        .await?;
    put(&tx, size.tables().map(|(table, _)| dataset(table)).collect::<Result<Vec<_>>>()?).await?;
    let lines = size.tables().flat_map(|(table, lines)| (1..=lines).map(move |line| indicator(table, line)));
    put(&tx, lines.collect::<Result<Vec<_>>>()?).await?;
    let data = json!({
        "schools": size.schools, "indicators": size.indicators, "years": size.years, "seed": size.seed,
    });
    let event = Event { action: "registry.synthesised", object: "synthetic".to_owned(), data, ..Event::default() };
    journal::record(&tx, ctx, event).await?;
    memory::raise(&tx, Thing::Registry).await?;
    tx.commit().await?;
    ctx.memory.refresh().await
}

async fn put<M>(db: &impl ConnectionTrait, rows: impl IntoIterator<Item = M>) -> Result<()>
where
    M: IntoActiveModel<<M::Entity as EntityTrait>::ActiveModel> + sea_orm::ModelTrait,
    <M::Entity as EntityTrait>::ActiveModel: Send,
{
    let key = || <M::Entity as EntityTrait>::PrimaryKey::iter().map(PrimaryKeyToColumn::into_column);
    let rows: Vec<_> = rows.into_iter().map(IntoActiveModel::into_active_model).collect();
    for chunk in rows.chunks(ROWS) {
        <M::Entity as EntityTrait>::insert_many(chunk.iter().cloned())
            .on_conflict(OnConflict::columns(key()).do_nothing().to_owned())
            .try_insert()
            .exec_without_returning(db)
            .await?;
    }
    Ok(())
}

fn position(number: u32) -> Result<i32> {
    Ok(POSITION.saturating_add(i32::try_from(number).map_err(Error::internal)?))
}

fn city(number: u32) -> city::Model {
    city::Model {
        code: CityCode(code_of_city(number)),
        name: format!("合成市 {number:04}"),
        name_en: Some(format!("Synthetic city {number:04}")),
        kind: "city".to_owned(),
        source: SOURCE.to_owned(),
    }
}

/// Schools are dealt out to the cities in turn.
fn city_of(size: Size, school: u32) -> u32 {
    (school - 1) % size.cities() + 1
}

fn school(size: Size, number: u32) -> school::Model {
    let mut chance = Chance::at(size.seed, [number, 0, 1]);
    let pick = usize::try_from(chance.below(8)).unwrap_or_default();
    school::Model {
        code: SchoolCode(code_of_school(number)),
        name: format!("合成学校 {number:05}"),
        name_en: Some(format!("Synthetic school {number:05}")),
        tier: match chance.below(100) {
            0..=1 => SchoolTier::UndergraduateVocational,
            2..=13 => SchoolTier::HigherVocational,
            14..=15 => SchoolTier::JuniorCollege,
            _ => SchoolTier::SecondaryVocational,
        },
        ownership: if chance.below(4) == 0 { Ownership::Private } else { Ownership::Public },
        category: SchoolCategory::ALL.get(pick).copied().unwrap_or(SchoolCategory::Comprehensive),
        affiliation: if chance.below(20) == 0 { Affiliation::Province } else { Affiliation::City },
        city_code: CityCode(code_of_city(city_of(size, number))),
        national_code: None,
        source: SOURCE.to_owned(),
    }
}

fn name_of_consortium(city: u32) -> String {
    format!("合成市 {city:04} 产教联合体")
}

fn code_of_consortium(city: u32) -> ConsortiumCode {
    let digits: String = sha256(name_of_consortium(city)).chars().take(8).collect();
    ConsortiumCode(format!("C{}", digits.to_uppercase()))
}

fn consortium(_: Size, city: u32) -> Result<consortium::Model> {
    Ok(consortium::Model {
        code: code_of_consortium(city),
        position: position(city)?,
        name: name_of_consortium(city),
        name_en: Some(format!("Consortium of synthetic city {city:04}")),
        kind: ConsortiumKind::CityConsortium,
        scope: ConsortiumScope::City,
        founded_on: None,
        source: SOURCE.to_owned(),
        chain_code: None,
    })
}

/// A school's membership, if it is one of those that have one. The first of a city leads.
fn member(size: Size, school: u32) -> Result<Option<consortium_member::Model>> {
    let round = (school - 1) / size.cities();
    if !round.is_multiple_of(MEMBER) {
        return Ok(None);
    }
    let code = code_of_consortium(city_of(size, school));
    let name = format!("zhiqiao/consortium_member/{code}/{}", code_of_school(school));
    Ok(Some(consortium_member::Model {
        id: RowId(Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())),
        consortium_code: code,
        position: position(school)?,
        member_type: "school".to_owned(),
        school_code: Some(SchoolCode(code_of_school(school))),
        enterprise_code: None,
        institution_code: None,
        role: if round == 0 { MemberRole::Lead } else { MemberRole::Member },
        name_as_printed: None,
        joined_on: None,
        left_on: None,
        version: 1,
        source: SOURCE.to_owned(),
    }))
}

fn dataset(table: u32) -> Result<dataset::Model> {
    Ok(dataset::Model {
        code: DatasetCode(code_of_table(table)),
        position: position(table)?,
        name: format!("合成表 {table}"),
        name_en: Some(format!("Synthetic table {table}")),
        period_kind: PeriodKind::CalendarYear,
        source: SOURCE.to_owned(),
        valid_from: None,
        valid_to: None,
        version: 1,
        parted_by: Partition::City,
    })
}

fn indicator(table: u32, number: u32) -> Result<indicator::Model> {
    let line = Line::of(number);
    let (unit, unit_en) = match line {
        Line::Count => ("人", "persons"),
        Line::Amount => ("万元", "CNY 10,000"),
        Line::Mean => ("平方米", "square metres"),
        Line::Share => ("%", "%"),
    };
    let weighs = || IndicatorCode(code_of_indicator(table, 1));
    Ok(indicator::Model {
        code: IndicatorCode(code_of_indicator(table, number)),
        dataset_code: DatasetCode(code_of_table(table)),
        position: position(table * super::INDICATORS_OF_A_TABLE + number)?,
        line_no: number.to_string(),
        parent_code: None,
        within_code: None,
        is_parts_complete: false,
        is_required: number == 1,
        is_starred: false,
        label: format!("合成指标 {table}-{number:03}"),
        label_en: Some(format!("Synthetic indicator {table}-{number:03}")),
        printed_label: format!("合成指标 {table}-{number:03}"),
        unit: unit.to_owned(),
        unit_en: Some(unit_en.to_owned()),
        decimals: line.decimals(),
        aggregation: match line {
            Line::Count | Line::Amount => Aggregation::Sum,
            Line::Mean => Aggregation::Mean,
            Line::Share => Aggregation::WeightedMean,
        },
        weight_code: (line == Line::Share).then(weighs),
        minimum: Some(0),
        maximum: (line == Line::Share).then_some(10_000),
        threshold: None,
        better: None,
        usual_change: None,
        disclosure: Disclosure::Public,
        source: SOURCE.to_owned(),
        valid_from: None,
        valid_to: None,
        version: 1,
    })
}
