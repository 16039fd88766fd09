//! The schema of zhiqiao on SQLite and PostgreSQL, one file a change.
//!
//! The rules are in `README.md` beside `Cargo.toml`. The first of them: a migration
//! never imports `entity`, because an old migration must not change when an entity does.
//! A test (`tests/it/schema.rs`) holds the two against each other.

use sea_orm_migration::prelude::*;

pub use sea_orm_migration::{MigrationStatus, MigratorTrait};

mod m20261122_010000_create_registry;
mod m20261122_020000_create_catalogue;
mod m20261122_030000_create_claim;
mod m20261122_040000_create_submission;
mod m20261122_050000_create_release;
mod m20261122_060000_create_identity;
mod m20261122_070000_create_journal;
mod m20261122_080000_create_epoch;
mod m20261122_090000_create_observation_view;
mod m20261122_100000_create_append_only;
mod m20261122_120000_create_batch;
mod m20261122_130000_create_idempotency;
mod m20261122_131000_create_webhook;
mod m20261122_140000_create_rule;
mod m20261122_150000_create_collection;
mod m20261122_160000_catalogue_editions;
mod m20261122_170000_batch_receipt;
mod m20261122_171000_duty;
mod m20261122_172000_bulk;
mod m20261122_180000_tokens;
mod m20261122_181000_people;
mod m20261122_182000_evidence;
mod m20261122_183000_limits;
mod m20261123_190000_listed;
mod m20261123_200000_disclosure;
mod m20261123_220000_create_reconciliation;
mod m20261124_000000_parties;
mod m20261124_010000_registry_upkeep;
mod m20261124_020000_partnerships;
mod m20261124_030000_create_opportunity;
mod m20261124_040000_create_certification;
mod m20261124_050000_create_task;
mod m20261124_070000_bulletin;
mod named;

/// Every change of the schema, oldest first.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261122_010000_create_registry::Migration),
            Box::new(m20261122_020000_create_catalogue::Migration),
            Box::new(m20261122_030000_create_claim::Migration),
            Box::new(m20261122_040000_create_submission::Migration),
            Box::new(m20261122_050000_create_release::Migration),
            Box::new(m20261122_060000_create_identity::Migration),
            Box::new(m20261122_070000_create_journal::Migration),
            Box::new(m20261122_080000_create_epoch::Migration),
            Box::new(m20261122_090000_create_observation_view::Migration),
            Box::new(m20261122_100000_create_append_only::Migration),
            Box::new(m20261122_120000_create_batch::Migration),
            Box::new(m20261122_130000_create_idempotency::Migration),
            Box::new(m20261122_131000_create_webhook::Migration),
            Box::new(m20261122_140000_create_rule::Migration),
            Box::new(m20261122_150000_create_collection::Migration),
            Box::new(m20261122_160000_catalogue_editions::Migration),
            Box::new(m20261122_170000_batch_receipt::Migration),
            Box::new(m20261122_171000_duty::Migration),
            Box::new(m20261122_172000_bulk::Migration),
            Box::new(m20261122_180000_tokens::Migration),
            Box::new(m20261122_181000_people::Migration),
            Box::new(m20261122_182000_evidence::Migration),
            Box::new(m20261122_183000_limits::Migration),
            Box::new(m20261123_190000_listed::Migration),
            Box::new(m20261123_200000_disclosure::Migration),
            Box::new(m20261123_220000_create_reconciliation::Migration),
            Box::new(m20261124_000000_parties::Migration),
            Box::new(m20261124_010000_registry_upkeep::Migration),
            Box::new(m20261124_020000_partnerships::Migration),
            Box::new(m20261124_030000_create_opportunity::Migration),
            Box::new(m20261124_040000_create_certification::Migration),
            Box::new(m20261124_050000_create_task::Migration),
            Box::new(m20261124_070000_bulletin::Migration),
        ]
    }
}
