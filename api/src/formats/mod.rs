//! Bytes to values and back. No database and no HTTP in here.

pub mod batch;
pub mod columns;
pub mod decimal;
pub mod document;
pub mod expression;
pub mod figure;
pub mod form;
pub mod formula;
pub mod guarded;
pub mod personal;
pub mod report;
pub mod sdmx;
pub mod table;
pub mod words;
