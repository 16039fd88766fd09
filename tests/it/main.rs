//! Behaviour through the public door, goldens and guards: one binary, one module a subject.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::as_conversions,
    clippy::print_stdout,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a test that meets what it did not expect should fail loudly"
)]

mod access;
mod analysts;
mod app;
mod attacks;
mod audit;
mod backup;
mod batches;
mod bounds;
mod certification;
mod city_page;
mod claims;
mod collections;
mod consortia;
mod contract;
mod cookies;
mod data;
mod disclosure;
mod duties;
mod editions;
mod explained;
mod feed;
mod figures;
mod forms;
mod fuzz;
mod golden;
mod headers;
mod http;
mod idempotency;
mod identity;
mod instances;
mod isolation;
mod load;
mod mirrored;
mod opportunities;
mod papers;
mod partnerships;
mod people;
mod persons;
mod processes;
mod protocol;
mod pushing;
mod python;
mod rates;
mod receipts;
mod refusals;
mod releases;
mod reports;
mod review;
mod revisions;
mod roles;
mod rooms;
mod rules;
mod schema;
mod sdmx;
mod sharing;
mod socket;
mod solver;
mod stage;
mod standing;
mod stolen;
mod submission;
mod surface;
mod targets;
mod tasks;
mod templates;
mod tls;
mod tokens;
mod tour;
mod upkeep;
mod verdicts;
mod webhooks;
mod wire;
