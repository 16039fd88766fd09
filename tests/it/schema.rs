//! The schema: the migrations and the entities ask for the same, everything has a name,
//! down and up again works on a filled database, and what is written once stays.

use std::collections::{BTreeMap, BTreeSet};

use entity::words;
use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DbBackend};

use self::database::{checks, count, fill, names, on, shape, structure, tables, texts};
use crate::app::empty_database;

pub mod database;

/// Tables that are written once.
const APPEND_ONLY: [&str; 19] = [
    "bulletin",
    "claim_explanation",
    "collection_extension",
    "duplicate_decision",
    "enterprise_certification_step",
    "teacher_certification_step",
    "journal",
    "journal_checkpoint",
    "journal_seal",
    "reconciliation",
    "registry_change",
    "registry_snapshot",
    "release",
    "release_table",
    "revision",
    "task_evaluation",
    "task_report",
    "task_verdict",
    "transition",
];

#[tokio::test]
async fn migrations_and_entities_make_the_same_tables() {
    let (entities, _kept) = empty_database().await;
    let (migrated, _kept_too) = empty_database().await;
    // `apply` and not `sync`: nothing is there yet, and everything is to be made.
    entities.get_schema_registry("entity::*").apply(&entities).await.unwrap();
    Migrator::up(&migrated, None).await.unwrap();

    let asked = structure(&entities).await;
    let made = structure(&migrated).await;
    assert!(asked.len() > 200, "only {} lines of entities", asked.len());
    let missing: Vec<_> = asked.difference(&made).collect();
    let unasked: Vec<_> = made.difference(&asked).collect();
    assert!(
        missing.is_empty() && unasked.is_empty(),
        "entities ask for what no migration made: {missing:#?}\n\
         migrations made what no entity asks for: {unasked:#?}"
    );
}

#[tokio::test]
async fn schema_sync_adds_nothing_to_the_migrations() {
    let (db, _kept) = empty_database().await;
    Migrator::up(&db, None).await.unwrap();
    let before = shape(&db).await;
    db.get_schema_registry("entity::*").sync(&db).await.unwrap();
    assert_same(&before, &shape(&db).await);
}

#[tokio::test]
async fn a_filled_database_goes_down_and_up_again() {
    let (db, _kept) = empty_database().await;
    Migrator::up(&db, None).await.unwrap();
    let first = shape(&db).await;
    fill(&db).await;
    for table in tables(&db).await {
        let rows = count(&db, &table).await;
        assert!(rows > 0, "filled.sql puts no row into {table}");
    }

    Migrator::down(&db, None).await.unwrap();
    assert_same(&BTreeSet::new(), &shape(&db).await);

    Migrator::up(&db, None).await.unwrap();
    assert_same(&first, &shape(&db).await);
    fill(&db).await;
}

#[tokio::test]
async fn every_migration_can_be_taken_back_alone() {
    let (db, _kept) = empty_database().await;
    let mut before = Vec::new();
    for _ in Migrator::migrations() {
        before.push(shape(&db).await);
        Migrator::up(&db, Some(1)).await.unwrap();
    }
    fill(&db).await;
    for shape_before in before.iter().rev() {
        Migrator::down(&db, Some(1)).await.unwrap();
        assert_same(shape_before, &shape(&db).await);
    }
}

#[tokio::test]
async fn every_key_check_index_and_trigger_has_a_name_of_ours() {
    let (db, _kept) = empty_database().await;
    Migrator::up(&db, None).await.unwrap();
    let mut seen = BTreeMap::<String, usize>::new();
    for line in names(&db).await {
        let (table, name) = line.split_once(' ').unwrap();
        let kind = ["pk", "fk", "uq", "ck", "idx", "tr"]
            .into_iter()
            .find(|kind| name == format!("{kind}_{table}") || name.starts_with(&format!("{kind}_{table}_")));
        let kind = kind.unwrap_or_else(|| panic!("{table} has `{name}`, which nobody named"));
        *seen.entry(kind.to_owned()).or_default() += 1;
    }
    // Nothing is overlooked: every table has a primary key, and each kind occurs.
    assert_eq!(seen["pk"], tables(&db).await.len(), "{seen:?}");
    assert_eq!(seen.len(), 6, "{seen:?}");
}

#[tokio::test]
async fn closed_lists_are_the_words_of_the_entities() {
    fn list<T: Copy>(words: &[T], word: impl Fn(T) -> &'static str) -> BTreeSet<String> {
        words.iter().map(|one| word(*one).to_owned()).collect()
    }
    macro_rules! lists {
        ($($column:literal = $words:ident),* $(,)?) => {
            BTreeMap::from([$(($column, list(words::$words::ALL, words::$words::word))),*])
        };
    }
    let expected = lists! {
        "account.duty" = Duty,
        "account.role" = Role,
        "alias.entity_type" = EntityType,
        "batch.format" = BatchFormat,
        "batch.sender_role" = Role,
        "batch.state" = BatchState,
        "batch_table.state" = BatchVerdict,
        "claim_explanation.cause" = ExplanationCause,
        "client.duty" = Duty,
        "client.role" = Role,
        "consortium.kind" = ConsortiumKind,
        "consortium.scope" = ConsortiumScope,
        "consortium_application.role" = MemberRole,
        "consortium_application.state" = ApplicationState,
        "consortium_member.role" = MemberRole,
        "dataset.parted_by" = Partition,
        "dataset.period_kind" = PeriodKind,
        "duplicate_decision.kind" = EntryKind,
        "duplicate_decision.verdict" = DuplicateVerdict,
        "enterprise_certification.state" = EnterpriseCertificationState,
        "enterprise_certification_step.from_state" = EnterpriseCertificationState,
        "enterprise_certification_step.to_state" = EnterpriseCertificationState,
        "finding.severity" = Severity,
        "incentive.kind" = IncentiveKind,
        "indicator.aggregation" = Aggregation,
        "indicator.better" = Better,
        "indicator.disclosure" = Disclosure,
        "indicator_edition.better" = Better,
        "indicator_edition.disclosure" = Disclosure,
        "major.level" = MajorLevel,
        "partnership.proposed_by" = PartnershipSide,
        "partnership.state" = PartnershipState,
        "opportunity.kind" = OpportunityKind,
        "opportunity.outcome" = OpportunityOutcome,
        "opportunity.side" = OpportunitySide,
        "opportunity.state" = OpportunityState,
        "opportunity_interest.state" = InterestState,
        "period.kind" = PeriodKind,
        "registry_change.kind" = EntryKind,
        "registry_term.kind" = EntryKind,
        "release.kind" = ReleaseKind,
        "revision.source" = Source,
        "rule.severity" = Severity,
        "school.affiliation" = Affiliation,
        "school.category" = SchoolCategory,
        "school.ownership" = Ownership,
        "school.tier" = SchoolTier,
        "school_succession.kind" = SuccessionKind,
        "submission.state" = SubmissionState,
        "task.set_by" = TaskSetter,
        "task.state" = TaskState,
        "task_verdict.verdict" = TaskVerdict,
        "teacher_certificate.level" = TeacherLevel,
        "teacher_certification.level" = TeacherLevel,
        "teacher_certification.state" = TeacherCertificationState,
        "teacher_certification.step" = TeacherCertificationStep,
        "teacher_certification_count.category" = TeacherCategory,
        "teacher_certification_count.level" = TeacherLevel,
        "teacher_certification_step.from_state" = TeacherCertificationState,
        "teacher_certification_step.to_state" = TeacherCertificationState,
        "transition.from_state" = SubmissionState,
        "transition.to_state" = SubmissionState,
        "webhook.role" = Role,
        "webhook_delivery.state" = DeliveryState,
    };

    let (db, _kept) = empty_database().await;
    Migrator::up(&db, None).await.unwrap();
    let checks = checks(&db).await;
    // Words are stored in forty characters, and nothing else is.
    let columns: BTreeSet<_> = structure(&db)
        .await
        .into_iter()
        .filter(|line| line.contains("(40)"))
        .map(|line| line.split(' ').next().unwrap().to_owned())
        .collect();
    let listed: BTreeSet<_> = expected.keys().map(|column| (*column).to_owned()).collect();
    assert_eq!(columns, listed);
    for (column, words) in expected {
        let name = format!("ck_{}", column.replace('.', "_"));
        let text = checks.get(&name).unwrap_or_else(|| panic!("no {name}"));
        let checked: BTreeSet<_> = text.split('\'').skip(1).step_by(2).map(str::to_owned).collect();
        assert_eq!(checked, words, "{name}");
    }
}

#[tokio::test]
async fn invariants_are_held_by_the_database() {
    let (db, _kept) = empty_database().await;
    Migrator::up(&db, None).await.unwrap();
    fill(&db).await;
    // SQLite names checks and the columns of unique keys, and no foreign key.
    let orphan = on(&db, "FOREIGN KEY constraint failed", "fk_school_city");
    let twice = on(&db, "client.client_id", "uq_client_client_id");
    for (sql, says) in [
        ("UPDATE school SET city_code = '999999'", orphan),
        ("UPDATE school SET tier = 'primary'", "ck_school_tier"),
        (
            "UPDATE consortium_member SET enterprise_code = 'E00000001' WHERE school_code IS NOT NULL",
            "ck_consortium_member_is_one_body",
        ),
        (
            "UPDATE consortium_member SET school_code = NULL WHERE school_code IS NOT NULL",
            "ck_consortium_member_is_one_body",
        ),
        ("UPDATE submission SET accepted_revision = revision + 1", "ck_submission_accepted_revision"),
        ("UPDATE submission SET content_hash = 'short'", "ck_submission_content_hash"),
        ("UPDATE collection SET opens_on = '2024-01-26'", "ck_collection_due_on"),
        ("UPDATE collection SET closes_on = '2024-01-24'", "ck_collection_closes_on"),
        ("UPDATE task SET due_on = NULL", "ck_task_due"),
        ("UPDATE task SET state = 'done'", "ck_task_state"),
        ("UPDATE task SET school_code = '62001', department = '市教育局'", "ck_task_one_assignee"),
        ("UPDATE target SET comparator = '!='", "ck_target_comparator"),
        ("UPDATE account SET org = NULL", "ck_account_org"),
        ("UPDATE account SET version = 0", "ck_account_version"),
        ("UPDATE client SET version = 0", "ck_client_version"),
        ("UPDATE lockout SET failures = -1", "ck_lockout_failures"),
        ("UPDATE client SET org = '62001'", "ck_client_org"),
        ("UPDATE client SET client_id = 'one'", twice),
        ("UPDATE client SET previous_secret_hash = 'short'", "ck_client_previous_secret_hash"),
        ("UPDATE refresh_token SET hash = 'short'", "ck_refresh_token_hash"),
        ("UPDATE token_family SET revoked_at = created_at", "ck_token_family_revoked_because"),
        ("UPDATE token_family SET expires_at = created_at", "ck_token_family_expires_at"),
        ("UPDATE client_assertion SET digest = 'short'", "ck_client_assertion_digest"),
        ("UPDATE indicator SET aggregation = 'weighted_mean'", "ck_indicator_weight"),
        ("UPDATE indicator SET valid_from = '2024', valid_to = '2023'", "ck_indicator_validity"),
        ("UPDATE dataset SET version = 0", "ck_dataset_version"),
        ("UPDATE indicator_edition SET threshold = 1", "ck_indicator_edition_threshold"),
        ("UPDATE certification_batch SET apply_until = '2023-12-31'", "ck_certification_batch_days"),
        ("UPDATE certification_batch SET year = NULL", "ck_certification_batch_stated"),
        ("UPDATE enterprise_certification SET staff = -1", "ck_enterprise_certification_staff"),
        ("UPDATE incentive SET amount_fen = 0", "ck_incentive_amount"),
        ("UPDATE teacher_certificate SET valid_until = '2023-12-31'", "ck_teacher_certificate_validity"),
        ("UPDATE opportunity SET enterprise_code = 'E00000001'", "ck_opportunity_is_one_owner"),
        ("UPDATE opportunity SET outcome = 'met'", "ck_opportunity_closed"),
        ("UPDATE opportunity SET published_at = NULL", "ck_opportunity_published"),
        ("UPDATE opportunity_match SET score = 101", "ck_opportunity_match_score"),
        ("UPDATE opportunity_interest SET school_code = '62001'", "ck_opportunity_interest_is_one_party"),
        ("UPDATE period SET ends_on = '2022-12-31'", "ck_period_order"),
        (
            "INSERT INTO release SELECT '1.0.1', 1, 0, 2, kind, note, period_code, registry_hash, \
             manifest, signature, created_by, created_at, publish_at FROM release",
            "ck_release_version",
        ),
    ] {
        let error = db.execute_unprepared(sql).await.unwrap_err().to_string();
        assert!(error.contains(says), "{sql}\n{error}");
    }
}

#[tokio::test]
async fn what_is_written_once_is_neither_changed_nor_deleted() {
    let (db, _kept) = empty_database().await;
    Migrator::up(&db, None).await.unwrap();
    fill(&db).await;
    for table in APPEND_ONLY {
        let rows = count(&db, table).await;
        let column = match table {
            "collection_extension" => "reason",
            "journal" => "actor",
            "journal_checkpoint" | "journal_seal" | "revision" => "chain_hash",
            "registry_snapshot" => "document",
            "release" => "note",
            "release_table" => "schools",
            "claim_explanation" => "text",
            "duplicate_decision" | "registry_change" => "reason",
            "enterprise_certification_step" | "teacher_certification_step" => "role",
            "bulletin" | "reconciliation" | "task_evaluation" => "document",
            "task_report" => "text",
            "task_verdict" => "reason",
            _ => "version",
        };
        let mut refused = vec![format!("UPDATE {table} SET {column} = {column}"), format!("DELETE FROM {table}")];
        if db.get_database_backend() == DbBackend::Postgres {
            refused.push(format!("TRUNCATE {table} CASCADE"));
        }
        for sql in refused {
            let error = db.execute_unprepared(&sql).await.unwrap_err().to_string();
            assert!(error.contains(" is append-only: its rows are never changed or deleted"), "{sql}\n{error}");
        }
        assert_eq!(count(&db, table).await, rows, "{table}");
    }
    // The sealer empties this one.
    db.execute_unprepared("DELETE FROM journal_pending").await.unwrap();
}

#[tokio::test]
async fn the_view_shows_every_form_of_a_cell() {
    let (db, _kept) = empty_database().await;
    Migrator::up(&db, None).await.unwrap();
    fill(&db).await;
    let rows = texts(
        &db,
        "SELECT school_code || ' ' || dataset_code || ' ' || period_code || ' ' || revision || ' ' || state
             || ' ' || CASE WHEN is_head THEN 'head' ELSE 'old' END
             || ' ' || CASE WHEN is_accepted THEN 'accepted' ELSE 'open' END
             || ' ' || indicator_code || ' ' || coalesce(CAST(value AS text), 'none')
             || ' ' || status || ' ' || coalesce(note, 'none')
         FROM observation ORDER BY revision, indicator_code",
    )
    .await;
    assert_eq!(
        rows,
        [
            "62001 scale 2023 1 draft old accepted scale.students 25688 REPORTED none",
            "62001 scale 2023 2 draft head open scale.a 17.25 REPORTED none",
            "62001 scale 2023 2 draft head open scale.b -3.5 ESTIMATED about",
            "62001 scale 2023 2 draft head open scale.c none NOT_APPLICABLE none",
            "62001 scale 2023 2 draft head open scale.d 0 REPORTED counted twice",
        ]
    );
    let sums = texts(&db, "SELECT CAST(sum(value) AS text) FROM observation WHERE is_accepted").await;
    assert_eq!(sums, ["25688"]);
}

#[tokio::test]
async fn epochs_begin_at_zero() {
    let (db, _kept) = empty_database().await;
    Migrator::up(&db, None).await.unwrap();
    let epochs = texts(&db, "SELECT name || ' ' || value FROM epoch ORDER BY name").await;
    assert_eq!(epochs, ["credentials 0", "keys 0", "opportunities 0", "registry 0", "releases 0", "revocations 0"]);
}

fn assert_same(before: &BTreeSet<String>, after: &BTreeSet<String>) {
    let gone: Vec<_> = before.difference(after).collect();
    let new: Vec<_> = after.difference(before).collect();
    assert!(gone.is_empty() && new.is_empty(), "gone: {gone:#?}\nnew: {new:#?}");
}
