//! The tables of zhiqiao: columns, keys and relations, one file a table.
//!
//! Nothing here decides anything, and nothing here is published: there is no
//! GraphQL and no serde, so that a new column does not publish itself.
//! The schema itself belongs to `migration`; a test holds the two against each other.
#![allow(missing_docs, reason = "the ORM's derive makes public items that cannot carry documentation")]
#![allow(
    clippy::disallowed_methods,
    reason = "the ORM's derive calls the finders that are banned outside the scoped start"
)]

pub mod account;
pub mod alias;
pub mod batch;
pub mod batch_part;
pub mod batch_table;
pub mod city;
pub mod city_figure;
pub mod claim;
pub mod claim_explanation;
pub mod client;
pub mod client_assertion;
pub mod client_key;
pub mod collection;
pub mod collection_extension;
pub mod consortium;
pub mod consortium_member;
pub mod data_access;
pub mod data_access_table;
pub mod dataset;
pub mod designation;
pub mod enterprise;
pub mod epoch;
pub mod external_institution;
pub mod finding;
pub mod hidden;
pub mod idempotency;
pub mod ids;
pub mod indicator;
pub mod indicator_edition;
pub mod journal;
pub mod journal_checkpoint;
pub mod journal_pending;
pub mod journal_seal;
pub mod lockout;
pub mod partnership;
pub mod period;
pub mod policy;
pub mod rate_bucket;
pub mod reconciliation;
pub mod recovery_code;
pub mod refresh_token;
pub mod registry_snapshot;
pub mod release;
pub mod release_table;
pub mod revision;
pub mod revocation;
pub mod rule;
pub mod school;
pub mod school_succession;
pub mod second_factor;
pub mod signing_key;
pub mod submission;
pub mod target;
pub mod task;
pub mod task_evaluation;
pub mod task_report;
pub mod task_verdict;
pub mod token_family;
pub mod transition;
pub mod webhook;
pub mod webhook_delivery;
pub mod words;
