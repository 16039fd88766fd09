//! Certifications of before: the enterprises that a list names as certified, and the teachers that a table counts.
//!
//! Both are batches that were decided elsewhere. What is there stays as it is: the province may have withdrawn an
//! enterprise since, and a second load does not certify it again.

use std::{
    collections::{BTreeMap, HashSet},
    path::Path,
};

use entity::{
    certification_batch, enterprise, enterprise_certification, enterprise_certification_step,
    ids::{CertificationBatchCode, CityCode, EnterpriseCode, RowId},
    teacher_certification_count as count,
    words::{EnterpriseCertificationState, TeacherCategory, TeacherLevel},
};
use sea_orm::{ConnectionTrait, EntityTrait};
use uuid::Uuid;

use super::{
    KindCount,
    known::{Known, code_of_name},
    row::{Kind, NAMESPACE, Notes, Row, rows},
    sheet::Sheet,
    store::store,
};
use crate::{
    authz::Role,
    ctx::Ctx,
    db::{now, statements},
    error::Result,
};

/// `teacher_certification.csv`, which a folder may lack.
pub(super) struct TeacherCounts;

/// The printed words of the categories.
const CATEGORIES: &[(&str, TeacherCategory)] = &[
    ("职业本科", TeacherCategory::UndergraduateVocational),
    ("高职", TeacherCategory::HigherVocational),
    ("中职", TeacherCategory::SecondaryVocational),
];

/// The columns of the levels.
const LEVELS: &[(&str, TeacherLevel)] =
    &[("junior", TeacherLevel::Junior), ("intermediate", TeacherLevel::Intermediate), ("senior", TeacherLevel::Senior)];

impl Kind for TeacherCounts {
    type Model = Vec<count::Model>;
    const FILE: &'static str = "teacher_certification";
    const COLUMNS: &'static [&'static str] =
        &["seq", "category_zh", "category_en", "junior", "senior", "intermediate", "total", "source"];
    const DISTINCT: &'static [&'static [&'static str]] = &[&["category_zh", "source"]];

    fn read(row: &mut Row<'_>, _: &Known) -> Option<Vec<count::Model>> {
        if row.cell("seq").is_empty() {
            row.leave("印出的合计 / the printed total");
            return None;
        }
        let words: Vec<&str> = CATEGORIES.iter().map(|(word, _)| *word).collect();
        let word = row.one_of("category_zh", &words);
        let category = CATEGORIES.iter().find(|(known, _)| word.as_deref() == Some(known)).map(|(_, one)| *one);
        let source = row.text("source");
        let position = row.position();
        let counts: Vec<Option<i32>> =
            LEVELS.iter().map(|(column, _)| row.whole::<i32>(column, 0, 10_000_000)).collect();
        let total = row.whole::<i64>("total", 0, 100_000_000);
        let counts: Vec<i32> = counts.into_iter().collect::<Option<_>>()?;
        let (category, source, position, total) = (category?, source?, position?, total?);
        if counts.iter().copied().map(i64::from).sum::<i64>() != total {
            row.contradiction("total", "应为三个级别之和", "is not the sum of the three levels");
            return None;
        }
        let line = LEVELS.iter().zip(counts).map(|((_, level), teachers)| count::Model {
            id: RowId(Uuid::new_v5(
                &NAMESPACE,
                format!("{}/{}/{}/{source}", Self::FILE, category.word(), level.word()).as_bytes(),
            )),
            position,
            category,
            level: *level,
            teachers,
            source: source.clone(),
        });
        Some(line.collect())
    }
}

/// Enterprises with their cities, by what their batch is called and where it is printed.
type Batches = BTreeMap<(String, String), Vec<(EnterpriseCode, Option<CityCode>)>>;

/// What a folder says of certifications.
pub(super) struct Certifications {
    batches: Batches,
    counts: Option<Vec<count::Model>>,
}

impl Certifications {
    /// Reads the counts, and of the enterprises those that are certified.
    pub(super) fn read(dir: &Path, known: &Known, enterprises: &[enterprise::Model], notes: &mut Notes) -> Self {
        let mut batches: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for row in enterprises {
            if let Some(word) = &row.certification {
                let batch = batches.entry((word.clone(), row.source.clone())).or_default();
                batch.push((row.code.clone(), row.city_code.clone()));
            }
        }
        let is_there = dir.join(format!("{}.csv", TeacherCounts::FILE)).exists();
        let counts = is_there.then(|| {
            let sheet = Sheet::read(dir, TeacherCounts::FILE, TeacherCounts::COLUMNS, true, &mut notes.faults);
            rows::<TeacherCounts>(&sheet, known, notes).into_iter().flatten().collect()
        });
        Self { batches, counts }
    }

    /// Adds what is not there.
    pub(super) async fn store(self, ctx: &Ctx, db: &impl ConnectionTrait) -> Result<Vec<KindCount>> {
        let mut counts = Vec::new();
        if !self.batches.is_empty() {
            counts.extend(enterprises(ctx, db, self.batches).await?);
        }
        if let Some(rows) = self.counts {
            counts.push(store::<count::Entity>(db, TeacherCounts::FILE, rows, |row, _| row).await?);
        }
        Ok(counts)
    }
}

async fn enterprises(ctx: &Ctx, db: &impl ConnectionTrait, said: Batches) -> Result<[KindCount; 2]> {
    let at = now();
    let there: HashSet<CertificationBatchCode> = ctx
        .visible::<certification_batch::Entity>()
        .all(db)
        .await?
        .into_iter()
        .filter(|row| row.source.is_some())
        .map(|row| row.code)
        .collect();
    let certified: HashSet<RowId> =
        ctx.visible::<enterprise_certification::Entity>().all(db).await?.into_iter().map(|row| row.id).collect();
    let none = |kind| KindCount { kind, created: 0, changed: 0, unchanged: 0, left: 0 };
    let [mut batch_count, mut count] = [none("certification_batches"), none("enterprise_certifications")];
    let (mut batches, mut rows, mut steps) = (Vec::new(), Vec::new(), Vec::new());
    for ((title, source), enterprises) in said {
        let code = CertificationBatchCode(code_of_name('B', &format!("{title}/{source}")));
        if there.contains(&code) {
            batch_count.unchanged += 1;
        } else {
            batch_count.created += 1;
            let batch = certification_batch::Model {
                code: code.clone(),
                year: None,
                title,
                apply_from: None,
                apply_until: None,
                source: Some(source),
                version: 1,
                created_at: at,
                updated_at: at,
            };
            batches.push(certification_batch::ActiveModel::from(batch));
        }
        for (enterprise_code, city_code) in enterprises {
            let name = format!("enterprise_certification/{code}/{enterprise_code}");
            let id = RowId(Uuid::new_v5(&NAMESPACE, name.as_bytes()));
            if certified.contains(&id) {
                count.unchanged += 1;
                continue;
            }
            count.created += 1;
            let row = enterprise_certification::Model {
                id,
                batch_code: code.clone(),
                enterprise_code,
                city_code,
                state: EnterpriseCertificationState::Certified,
                statement: None,
                staff: None,
                internship_places: None,
                evidence: "[]".to_owned(),
                reason: None,
                valid_from: None,
                valid_until: None,
                version: 1,
                created_at: at,
                updated_at: at,
            };
            rows.push(enterprise_certification::ActiveModel::from(row));
            let step = enterprise_certification_step::Model {
                application_id: id,
                number: 1,
                from_state: None,
                to_state: EnterpriseCertificationState::Certified,
                role: Role::System.name().to_owned(),
                by_org: None,
                reason: None,
                at,
            };
            steps.push(enterprise_certification_step::ActiveModel::from(step));
        }
    }
    for some in statements(batches) {
        certification_batch::Entity::insert_many(some).exec_without_returning(db).await?;
    }
    for some in statements(rows) {
        enterprise_certification::Entity::insert_many(some).exec_without_returning(db).await?;
    }
    for some in statements(steps) {
        enterprise_certification_step::Entity::insert_many(some).exec_without_returning(db).await?;
    }
    Ok([batch_count, count])
}
