//! zhiqiao (职桥): the vocational-education data exchange of a Chinese province.
//!
//! The rooms of the house, from the inside out; a room may only name rooms further in.
//! A test holds that against the source. `ARCHITECTURE.md` has the map.

pub mod error;
pub mod formats;
pub mod matching;
pub mod page;
pub mod request_id;

pub mod authz;
pub mod config;
pub mod db;
pub mod memory;
pub mod rate;
pub mod telemetry;

pub mod authn;
pub mod ctx;

pub mod domain;

pub mod graphql;
pub mod jobs;
pub mod rest;
pub mod tls;

pub mod cli;
pub mod house;

pub use house::House;
