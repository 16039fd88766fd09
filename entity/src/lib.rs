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
pub mod bulletin;
pub mod certificate_sequence;
pub mod certification_agency;
pub mod certification_assignment;
pub mod certification_batch;
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
pub mod consortium_activity;
pub mod consortium_application;
pub mod consortium_member;
pub mod data_access;
pub mod data_access_table;
pub mod dataset;
pub mod designation;
pub mod duplicate_decision;
pub mod enterprise;
pub mod enterprise_certification;
pub mod enterprise_certification_step;
pub mod epoch;
pub mod external_institution;
pub mod finding;
pub mod hidden;
pub mod idempotency;
pub mod ids;
pub mod incentive;
pub mod indicator;
pub mod indicator_edition;
pub mod industry_chain;
pub mod journal;
pub mod journal_checkpoint;
pub mod journal_pending;
pub mod journal_seal;
pub mod lockout;
pub mod major;
pub mod major_chain;
pub mod opportunity;
pub mod opportunity_interest;
pub mod opportunity_match;
pub mod partnership;
pub mod period;
pub mod policy;
pub mod programme;
pub mod rate_bucket;
pub mod reconciliation;
pub mod recovery_code;
pub mod refresh_token;
pub mod registry_change;
pub mod registry_snapshot;
pub mod registry_term;
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
pub mod teacher_certificate;
pub mod teacher_certification;
pub mod teacher_certification_count;
pub mod teacher_certification_step;
pub mod token_family;
pub mod transition;
pub mod webhook;
pub mod webhook_delivery;
pub mod words;
