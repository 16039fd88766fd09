//! What the platform does: one file a noun, one function a verb.
//!
//! A verb takes `&Ctx` and an input, checks all of the input, begins a transaction, looks up
//! within the caller's scope, asks the table of rights, writes, writes the journal, commits.
//! It returns values, never responses.

pub mod accesses;
pub mod accounts;
pub mod aggregates;
pub mod audit;
pub mod batches;
pub mod bulk;
pub mod bulletins;
mod catalogue;
pub mod certifications;
pub mod checks;
pub mod cities;
pub mod claims;
pub mod client_keys;
pub mod clients;
pub mod collections;
pub mod compliance;
pub mod consortia;
pub mod copies;
pub mod cube;
pub mod datasets;
pub mod demo;
pub mod disclosure;
pub mod embargo;
pub mod expiry;
mod faults;
pub mod feed;
pub mod grants;
pub mod holders;
pub mod idempotency;
pub mod indicators;
pub mod interests;
pub mod journal;
pub mod keys;
pub mod lineage;
pub mod load;
pub mod lockout;
pub mod mandate;
pub mod observations;
pub mod opportunities;
pub mod partnerships;
pub mod periods;
pub mod precondition;
mod reasons;
pub mod receipts;
pub mod refusals;
pub mod registry;
pub mod releases;
pub mod reports;
pub mod reviews;
pub mod rules;
pub mod sdmx;
pub mod second_factor;
pub mod sessions;
pub mod submissions;
pub mod synth;
pub mod tables;
pub mod targets;
pub mod tasks;
pub mod templates;
pub mod webhooks;
